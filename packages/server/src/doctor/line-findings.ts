import { shellWord } from '../queues/index.ts'
import { showLetterId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { counted, type Finding } from './finding.ts'

/** The first of each queue before the second of any: a queue of very many lines hides no other. */
const mostLines = 1_000
const mostOfLine = 200
const hourMs = 3_600_000
const dayMs = 86_400_000

interface Line {
  readonly queue: string
  readonly held: number
  readonly first: string
  readonly state: string
  readonly first_at: Date
  readonly released_at: Date | null
  /** Since when a worker could not be told of a discard, and why. */
  readonly untold_since: Date | null
  readonly problem: string | null
}

/** Held letters whose line does not move: one finding a queue, of the first line that is stuck, with how many there are. */
export async function lineFindings(
  store: Store,
  { olderThanDays, nowMs }: { readonly olderThanDays: number; readonly nowMs: number },
): Promise<readonly Finding[]> {
  const { rows } = await store.pool.query<Line>(
    `select q.name as queue, h.held, h.first, l.state::text, uuid_extract_timestamp(h.first) as first_at, k.released_at,
       n.since as untold_since, n.problem
     from (
       select *, row_number() over (partition by queue_id order by id) as nth from key_line where look_at is not null
       order by nth, id limit $1) k
     join queue q on q.id = k.queue_id
     cross join lateral (
       select count(*) filter (where l.state = 'held')::int as held, (array_agg(u.letter_id order by u.at, u.letter_id))[1] as first
       from (select letter_id, at from letter_line where line_id = k.id and not is_resolved order by at, letter_id limit $2) u
       join letter l on l.id = u.letter_id where l.state in ('open', 'held', 'uncertain', 'replaying')) h
     left join letter l on l.id = h.first
     left join lateral (
       select min(a.changed_at) as since, max(r.problem) as problem from release_notice r join letter a on a.id = r.letter_id
       where r.line_id = k.id and r.sent_at is null) n on true
     where h.held > 0 order by q.name, k.id`,
    [mostLines, mostOfLine],
  )
  const stuck = rows.flatMap((line) => {
    const why = whyStuck(line, { olderThanDays, nowMs })
    return why === null ? [] : [{ ...line, ...why }]
  })
  return [...Map.groupBy(stuck, ({ queue }) => queue)].flatMap(([queue, lines]) => {
    const [line] = lines
    if (line === undefined) return []
    const held = lines.reduce((sum, each) => sum + each.held, 0)
    return [
      {
        code: 'line-stuck' as const,
        severity: 'warning' as const,
        queue,
        what: `${counted(held, 'held letter')} in ${counted(lines.length, 'line')} that ${lines.length === 1 ? 'does' : 'do'} not move`,
        why: line.why,
        next:
          line.next === 'first'
            ? `redrive letter show ${showLetterId(line.first)}`
            : `redrive causes --open --queue ${shellWord(queue)}`,
      },
    ]
  })
}

/** A line may rest an hour between two tries, and a person may take the days that open letters have. */
function whyStuck(
  line: Line,
  { olderThanDays, nowMs }: { readonly olderThanDays: number; readonly nowMs: number },
): { readonly why: string; readonly next: 'first' | 'queue' } | null {
  const sinceMs = (at: Date | null): number => (at === null ? 0 : nowMs - at.getTime())
  if (sinceMs(line.untold_since) > hourMs) {
    return {
      why: `the worker could not be told of a discard: ${line.problem ?? 'its broker is not connected'}`,
      next: 'queue',
    }
  }
  const first = showLetterId(line.first)
  if (line.state === 'held') {
    const lastMs = Math.max(line.first_at.getTime(), line.released_at?.getTime() ?? 0)
    if (nowMs - lastMs <= 2 * hourMs) return null
    return {
      why: `nothing unresolved is known before ${first}, and yet it was not released for ${hours(nowMs - lastMs)}`,
      next: 'first',
    }
  }
  if (line.state === 'replaying' || sinceMs(line.first_at) <= olderThanDays * dayMs) return null
  return { why: `they follow ${first}, which is ${line.state} since ${hours(sinceMs(line.first_at))}`, next: 'first' }
}

function hours(ms: number): string {
  return ms < 3 * dayMs ? counted(Math.floor(ms / hourMs), 'hour') : counted(Math.floor(ms / dayMs), 'day')
}
