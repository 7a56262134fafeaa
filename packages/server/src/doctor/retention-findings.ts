import { showArchiveId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { counted, type Finding } from './finding.ts'

/**
 * Letters whose time is over and that are kept all the same, for so many are due that a person has to say so, or since it failed; and archives
 * that are not whole any more.
 */
export async function retentionFindings(store: Store): Promise<readonly Finding[]> {
  return [...(await stoppedFindings(store)), ...(await crowdedFindings(store)), ...(await damagedFindings(store))]
}

async function stoppedFindings(store: Store): Promise<readonly Finding[]> {
  const { rows } = await store.pool.query<{ state: string; due: number; letters: number; problem: string | null }>(
    `select state, (to_delete + to_archive)::float8 as due, letters::float8, problem from retention_pass where queue_id is null order by started_at desc, id desc limit 1`,
  )
  const [latest] = rows
  if (latest?.state === 'asks')
    return [
      {
        code: 'retention-stopped',
        severity: 'warning',
        queue: null,
        what: `the time of ${counted(latest.due, 'letter')} is over at once, and none of them was ended`,
        why: `it is more than a fifth of the ${latest.letters.toLocaleString('en-US')} that are not archived: a person has to say that this is meant, and no clock or policy is wrong`,
        next: `redrive retention   (and if that is right: redrive retention run --reason … --yes --expect ${latest.due})`,
      },
    ]
  if (latest?.state !== 'failed') return []
  return [
    {
      code: 'retention-stopped',
      severity: 'problem',
      queue: null,
      what: 'letters whose time is over could not be ended',
      why: `${latest.problem ?? 'nobody knows why'}; nothing is lost by it, and the next pass goes on`,
      next: 'redrive retention',
    },
  ]
}

/** Queues that are nearly full, and of which letters could not be archived to make room. */
async function crowdedFindings(store: Store): Promise<readonly Finding[]> {
  const { rows } = await store.pool.query<{ queue: string; problem: string | null }>(
    `select queue, problem from (
       select distinct on (p.queue_id) q.name as queue, p.state, p.problem from retention_pass p join queue q on q.id = p.queue_id
        order by p.queue_id, p.started_at desc, p.id desc) latest where state = 'failed' order by 1`,
  )
  return rows.map(({ queue, problem }) => ({
    code: 'retention-stopped',
    severity: 'problem',
    queue,
    what: 'it is nearly full, and letters of it could not be archived to make room',
    why: `${problem ?? 'nobody knows why'}; nothing is lost by it, and it is tried again in some minutes`,
    next: 'redrive retention',
  }))
}

async function damagedFindings(store: Store): Promise<readonly Finding[]> {
  const { rows } = await store.pool.query<{ id: string; letters: number; problem: string }>(
    `select id, (select count(*)::int from archived_letter where archive_id = a.id) as letters, problem from archive a where problem is not null order by made_at, id`,
  )
  return rows.map(({ id, letters, problem }) => ({
    code: 'archive-damaged',
    severity: 'problem',
    queue: null,
    place: showArchiveId(id),
    what: `the archive ${showArchiveId(id)} is not whole`,
    why: `${problem}; the bytes of ${counted(letters, 'letter')} lie in it`,
    next: `redrive archive verify ${showArchiveId(id)}   (bring its files back from a copy, under their own names)`,
  }))
}
