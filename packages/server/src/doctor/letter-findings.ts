import { type QueueView, shellWord } from '../queues/index.ts'
import { showLetterId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { firstUuidAt, uuidTimeMs } from '../store/uuid.ts'
import { counted, type Finding } from './finding.ts'

/** So many of the oldest of a queue are looked at, fewer where there are many such queues; what is beyond them is told as `or more`. */
const mostLetters = 1_000
const fewestLetters = 50
const mostOfAll = 20_000
const mostUncertain = 100
const dayMs = 86_400_000

/** Letters that are open since more than so many days, though nobody edited, ran or discarded them: their revision is the first. */
export async function untouchedFindings(
  store: Store,
  {
    queues,
    olderThanDays,
    nowMs,
  }: { readonly queues: readonly QueueView[]; readonly olderThanDays: number; readonly nowMs: number },
): Promise<readonly Finding[]> {
  const cutoffMs = nowMs - olderThanDays * dayMs
  const old = queues.filter(({ oldestOpenAt }) => oldestOpenAt !== null && Date.parse(oldestOpenAt) < cutoffMs)
  if (old.length === 0) return []
  const most = Math.min(mostLetters, Math.max(fewestLetters, Math.floor(mostOfAll / old.length)))
  const { rows } = await store.pool.query<{ name: string; letters: number; oldest: string; looked: number }>(
    `select q.name, n.* from queue q cross join lateral (
       select count(*) filter (where untouched)::int as letters, (array_agg(id order by id) filter (where untouched))[1] as oldest, count(*)::int as looked
       from (select o.letter_id as id, o.state = 'open' and l.revision = 1 as untouched
             from (select letter_id, state from outstanding where queue_id = q.id and letter_id < $2 order by letter_id limit $3) o
             join letter l on l.id = o.letter_id) each
     ) n where q.name = any($1) and n.letters > 0 order by q.name`,
    [old.map(({ name }) => name), firstUuidAt(cutoffMs), most],
  )
  return rows.map(({ name, letters, oldest, looked }) => ({
    code: 'letters-untouched',
    severity: 'warning',
    queue: name,
    what: `${counted(letters, 'letter')}${looked === most ? ' or more' : ''} open for more than ${counted(olderThanDays, 'day')}, and nobody touched them`,
    why: `no run, no edit, no discard; the oldest is ${showLetterId(oldest)}, of ${new Date(uuidTimeMs(oldest)).toISOString()}`,
    next: `redrive causes --open --queue ${shellWord(name)}`,
  }))
}

/** Uncertain letters of which nothing more is found out: nobody looks for them any more, and their queue holds them for a person. */
export async function uncertainFindings(store: Store, queues: readonly QueueView[]): Promise<readonly Finding[]> {
  const uncertain = queues.filter(({ letters }) => (letters['uncertain'] ?? 0) > 0)
  if (uncertain.length === 0) return []
  const { rows } = await store.pool.query<{ name: string; waiting: number; looked: number }>(
    `select q.name, n.* from queue q cross join lateral (
       select count(*) filter (where s.replay_id is null or (s.look_at is null and q.uncertain = 'hold'))::int as waiting, count(*)::int as looked
       from (select letter_id from outstanding where state = 'uncertain' and queue_id = q.id order by letter_id limit $2) o
       left join lateral (
         select a.id as replay_id, i.look_at from attempt a
         join intent i on i.run_id = a.run_id and i.from_ordinal <= a.ordinal and i.to_ordinal > a.ordinal
         where a.letter_id = o.letter_id and a.state = 'uncertain' order by a.intended_at desc limit 1) s on true
     ) n where q.name = any($1) and n.waiting > 0 order by q.name`,
    [uncertain.map(({ name }) => name), mostUncertain],
  )
  return rows.map(({ name, waiting, looked }) => ({
    code: 'uncertain-waiting',
    severity: 'warning',
    queue: name,
    what: `${counted(waiting, 'uncertain letter')}${looked === mostUncertain ? ' or more' : ''} ${waiting === 1 ? 'waits' : 'wait'} for somebody's decision`,
    why: 'nothing more can be found out about whether their replay arrived',
    next: `redrive uncertain list --queue ${shellWord(name)}`,
  }))
}
