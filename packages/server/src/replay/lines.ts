import { currentContent } from '../store/letter-versions.ts'
import type { Store } from '../store/store.ts'
import { isIncomplete, type RedactionRow, redactionColumns } from './redacted.ts'

/** A line in which somebody waits, with what of it is unresolved. */
export interface DueLine {
  readonly id: string
  readonly stride: number
  /** Nothing of it was ever released. */
  readonly isFirst: boolean
  /** What was released last came back: it was too early. */
  readonly cameBack: boolean
  /** In its order. */
  readonly letters: readonly Unresolved[]
}

interface Unresolved {
  readonly letterId: string
  readonly state: string
  readonly broker: string
  readonly capturedAtMs: number
  /** How often a message of this identity was captured. */
  readonly times: number
  /** Something of it was never kept, and nobody wrote it yet: plans leave it out, so nothing behind it may go either. */
  readonly isIncomplete: boolean
}

const current = currentContent({ letterId: 'l.id', version: 'l.version' })
const maxLines = 200
const maxOfLine = 200

interface LineRow {
  readonly id: string
  readonly stride: number
  readonly released_at: Date | null
  readonly look_at: string
}

interface LetterRow extends RedactionRow {
  readonly line_id: string
  readonly letter_id: string
  readonly state: string
  readonly broker: string
  readonly captured_at: Date
  readonly is_returned: boolean
  readonly is_resolved: boolean
  readonly is_untold: boolean
  readonly times: number
}

/**
 * Lines whose look is due and whose workers know of every discard, with the first of their unresolved letters. They are due again later and later, at the latest after a minute;
 * evidence and discards ask for a look at once.
 */
export async function takeDueLines(store: Store): Promise<readonly DueLine[]> {
  const { rows: lines } = await store.pool.query<LineRow>({
    name: 'take-due-lines',
    text: `
      with due as (
        select id from key_line where look_at <= now() and not exists (select from release_notice n where n.line_id = key_line.id and n.sent_at is null)
        order by look_at limit ${maxLines} for no key update skip locked
      )
      update key_line k set looks = k.looks + 1, look_at = now() + make_interval(secs => least(60, 0.25 * 2 ^ least(k.looks, 10)))
      from due where k.id = due.id returning k.id, k.stride, k.released_at, k.look_at::text`,
  })
  if (lines.length === 0) return []
  const letters = await lettersOf(
    store,
    lines.map(({ id }) => id),
  )
  // A discard may have come since the lines were taken: what follows it would be there before the word of it.
  const untold = new Set(letters.flatMap(({ line_id, is_untold }) => (is_untold ? [line_id] : [])))
  const told = lines.filter(({ id }) => !untold.has(id))
  await settle(store, told, letters)
  return told.flatMap(({ id, stride, released_at }) => {
    const unresolved = letters.filter((letter) => letter.line_id === id && !letter.is_resolved)
    const [first] = unresolved
    const cameBack = first?.is_returned === true && released_at !== null && first.captured_at > released_at
    return [{ id, stride, isFirst: released_at === null, cameBack, letters: unresolved.map(unresolvedOf) }]
  })
}

/**
 * The held letters at the head of a line, at most `stride`, as UUIDs. None while what comes first has to rest because it came back too early: 5 s, twice as
 * long each time, an hour at most.
 */
export function nextOfLine(
  { letters, cameBack }: DueLine,
  options: { readonly stride: number; readonly nowMs: number; readonly brokers: ReadonlyMap<string, unknown> },
): readonly string[] {
  const [first] = letters
  if (first === undefined || (cameBack && options.nowMs - first.capturedAtMs < restMs(first.times))) return []
  const last = letters.findIndex(
    ({ state, broker, isIncomplete: isLeftOut }) => state !== 'held' || !options.brokers.has(broker) || isLeftOut,
  )
  return letters.slice(0, Math.min(options.stride, last === -1 ? letters.length : last)).map(({ letterId }) => letterId)
}

function restMs(times: number): number {
  return Math.min(3_600_000, 5_000 * 2 ** Math.max(0, times - 2))
}

/**
 * A replayed letter is resolved when its consumer handled it, when the letter it became is there, or when nobody says more within the window: then the
 * worker, which knows, decides.
 */
async function lettersOf(store: Store, lines: readonly string[]): Promise<readonly LetterRow[]> {
  const { rows } = await store.pool.query<LetterRow>(
    `select h.line_id, h.letter_id, l.state::text, s.broker, uuid_extract_timestamp(l.id) as captured_at,
       c.replay_id is not null as is_returned,
       case when l.state = 'replayed' then coalesce(a.is_over, true) else l.state in ('discarded', 'archived', 'erased') end as is_resolved,
       exists (select from release_notice n where n.line_id = h.line_id and n.sent_at is null) as is_untold,
       case when l.state = 'held' and c.replay_id is not null
         then (select count(*)::int from letter_content t where t.wire_id = c.wire_id) else 1 end as times,
       l.version, c.failure_headers, ${redactionColumns(current)}
     from unnest($1::bigint[]) as line(id)
     cross join lateral (
       select * from letter_line where line_id = line.id and not is_resolved order by at, letter_id limit ${maxOfLine}
     ) h
     join letter l on l.id = h.letter_id join letter_content c on c.id = h.letter_id join source s on s.id = l.source_id
     ${current.join}
     left join lateral (
       select a.outcome = 'confirmed' or (a.outcome = 'returned' and a.returned_letter is not null) or a.outcome in ('presumed', 'unknown') as is_over
       from attempt a where a.letter_id = h.letter_id and l.state = 'replayed' order by a.intended_at desc limit 1
     ) a on true
     order by h.line_id, h.at, h.letter_id`,
    [lines],
  )
  return rows
}

/** What is resolved is not looked at again; nor is a line in which nobody waits, until the next one comes: that moves its look. */
async function settle(store: Store, lines: readonly LineRow[], letters: readonly LetterRow[]): Promise<void> {
  const resolved = letters.flatMap(({ is_resolved, letter_id }) => (is_resolved ? [letter_id] : []))
  if (resolved.length > 0)
    await store.pool.query('update letter_line set is_resolved = true where letter_id = any($1::uuid[])', [resolved])
  for (const { id, look_at } of lines) {
    const own = letters.filter(({ line_id }) => line_id === id)
    if (own.length === maxOfLine || own.some(({ state }) => state === 'held')) continue
    await store.pool.query(
      'update key_line set look_at = null, looks = 0 where id = $1 and look_at = $2::timestamptz',
      [id, look_at],
    )
  }
}

function unresolvedOf(row: LetterRow): Unresolved {
  return {
    letterId: row.letter_id,
    state: row.state,
    broker: row.broker,
    capturedAtMs: row.captured_at.getTime(),
    times: row.times,
    isIncomplete: isIncomplete(row),
  }
}
