import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'
import type { ArchivePlace } from '../archive/index.ts'
import { readCaps } from '../caps/index.ts'
import { type CapPolicy, shareOf } from '../config/index.ts'
import { undoDays } from '../letters/index.ts'
import { type KeptOfQueue, keptOf } from '../store/queue-kept.ts'
import type { Store } from '../store/store.ts'
import { archiveThese, type DueLetter, weight } from './archive-letters.ts'
import { noPlace } from './begin-pass.ts'
import { awaitedTable } from './due.ts'
import { finishPass } from './pass.ts'
import { firstId } from './window.ts'

/** From this share of its cap on, the oldest letters of a queue that says `archive` are archived … */
export const makesRoomFrom = 0.9
/** … until it keeps no more than this. */
export const makesRoomTo = 0.8

const mostLetters = 10_000

interface Crowded extends KeptOfQueue {
  readonly cap: CapPolicy
}

/** Queues that have so much that their oldest letters are to be archived. */
export async function crowdedQueues(store: Store, most: CapPolicy): Promise<readonly Crowded[]> {
  const caps = await readCaps(store.pool, most)
  return (await keptOf(store.pool))
    .map((each) => ({ ...each, cap: caps(each.queue) }))
    .filter((each) => each.cap.whenReached === 'archive' && shareOf(each, each.cap) >= makesRoomFrom)
}

/**
 * Archives the oldest letters of a queue, so that it has room: those that are done with, then, where the policy says so in words, open ones of causes
 * that somebody has looked at. Never deletes one. The caller is alone in retention.
 * @returns letters that were archived
 * @throws ARCHIVE_UNWRITABLE, ARCHIVE_UNREADABLE: written down, too
 */
export async function makeRoom(
  store: Store,
  queue: Crowded,
  { place, signal }: { readonly place: ArchivePlace | null; readonly signal: AbortSignal },
): Promise<number> {
  if (place === null) {
    await store.transaction((client) => notePass(client, queue, { state: 'failed', problem: noPlace, toArchive: 0 }))
    return 0
  }
  let left = {
    letters: queue.letters - (queue.cap.letters ?? Infinity) * makesRoomTo,
    bytes: queue.bytes - (queue.cap.bytes ?? Infinity) * makesRoomTo,
  }
  let archived = 0
  for (const which of queue.cap.open === 'archive-looked-at' ? (['done', 'open'] as const) : (['done'] as const)) {
    for (let after: string | null = firstId; after !== null && !signal.aborted && isWanted(left); ) {
      const found: readonly Candidate[] = await candidates(store, { queueId: queue.queueId, which, after })
      after = found.length < mostLetters ? null : (found.at(-1)?.id ?? null)
      const chosen = upTo(left, found)
      if (chosen.length === 0) continue
      archived += await archivePass(store, queue, { chosen, place, signal })
      left = less(left, chosen)
    }
  }
  return archived
}

async function archivePass(
  store: Store,
  queue: Crowded,
  {
    chosen,
    place,
    signal,
  }: { readonly chosen: readonly Candidate[]; readonly place: ArchivePlace; readonly signal: AbortSignal },
): Promise<number> {
  const pass = await store.transaction((client) =>
    notePass(client, queue, { state: 'running', problem: null, toArchive: chosen.length }),
  )
  const end = (problem: string | null): Promise<void> =>
    store.transaction((client) => finishPass(client, pass, { freedBytes: 0, problem }))
  try {
    const { archived } = await archiveThese(store, { due: chosen, pass, place, signal })
    await end(null)
    return archived
  } catch (error) {
    await end(error instanceof Error ? error.message : String(error)).catch(() => undefined)
    throw error
  }
}

interface Candidate extends DueLetter {
  /** As the cap counts them. */
  readonly counted: number
}

async function candidates(
  store: Store,
  { queueId, which, after }: { readonly queueId: number; readonly which: 'done' | 'open'; readonly after: string },
): Promise<readonly Candidate[]> {
  const isCandidate =
    which === 'done'
      ? // Only letters that are as a discard left them come back when it is undone.
        `(l.state = 'replayed' or (l.state = 'discarded' and l.changed_at < now() - make_interval(days => ${undoDays})))`
      : `l.state = 'open' and (select state from cause where id = l.cause_id) not in ('new', 'regressed')`
  return store.transaction(async (client) => {
    await client.query('set local statement_timeout to 0')
    const { rows } = await client.query<Candidate>(
      `with ${awaitedTable}
       select l.id, l.bytes::float8 as counted, ${weight('l', 'c')} as bytes
         from letter l join letter_content c on c.id = l.id
        where l.queue_id = $1 and l.id > $2 and ${isCandidate}
          and not exists (select from letter_line h where h.letter_id = l.id and not h.is_resolved)
          and not exists (select from release_notice n where n.letter_id = l.id and n.sent_at is null)
          and not exists (select from awaited w where w.letter_id = l.id)
        order by l.id limit ${mostLetters}`,
      [queueId, after],
    )
    return rows
  })
}

interface Wanted {
  readonly letters: number
  readonly bytes: number
}

function isWanted({ letters, bytes }: Wanted): boolean {
  return letters > 0 || bytes > 0
}

function less({ letters, bytes }: Wanted, taken: readonly Candidate[]): Wanted {
  return {
    letters: letters - taken.length,
    bytes: bytes - taken.reduce((sum, { counted }) => sum + counted, 0),
  }
}

/** From the front, until there is room enough. */
function upTo(wanted: Wanted, found: readonly Candidate[]): readonly Candidate[] {
  let left = wanted
  let count = 0
  while (count < found.length && isWanted(left)) {
    left = less(left, found.slice(count, count + 1))
    count += 1
  }
  return found.slice(0, count)
}

async function notePass(
  client: PoolClient,
  { queueId, queue, letters }: Crowded,
  pass: { readonly state: 'running' | 'failed'; readonly problem: string | null; readonly toArchive: number },
): Promise<string> {
  const id = randomUUID()
  await client.query(`delete from retention_pass where queue_id = $1 and state = 'failed' and archived = 0`, [queueId])
  await client.query(
    `insert into retention_pass (id, by, state, letters, to_delete, to_archive, problem, finished_at, queue_id)
     values ($1, $2, $3, $4, 0, $5, $6, case when $3 = 'failed' then now() end, $7)`,
    [id, `the cap of ${queue}`, pass.state, letters, pass.toArchive, pass.problem, queueId],
  )
  return id
}
