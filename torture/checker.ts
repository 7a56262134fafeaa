import { existsSync, readFileSync } from 'node:fs'
import pg from 'pg'
import type { SinkLine, TortureMessage } from './messages.ts'

/** What the checker, which shares no code with the office, finds in the three histories: what was sent, what was handled, what the office holds. */
export interface Verdict {
  readonly letters: number
  /** Confirmed by the broker, neither handled nor in a letter. */
  readonly lost: number
  /** Handled under two replays of which the first had not failed, or under a replay nobody had noted, or one death captured twice. */
  readonly duplicatedUnknowingly: number
  readonly uncertain: number
  readonly examples: readonly string[]
}

export async function check(options: {
  readonly databaseUrl: string
  readonly produced: ReadonlySet<number>
  readonly sink: string
}): Promise<Verdict> {
  const handled = sinkLines(options.sink)
  const client = new pg.Client({ connectionString: options.databaseUrl })
  await client.connect()
  try {
    const letters = await client.query<{
      id: string
      body: Buffer
      state: string
      wire_id: string | null
      hops: number | null
      replay_id: string | null
      reason: string | null
    }>(
      `select l.id, c.body, l.state, c.wire_id, c.hops, c.replay_id, c.reason from redrive.letter l join redrive.letter_content c on c.id = l.id`,
    )
    const attempts = await client.query<{ id: string; letter_id: string; state: string; outcome: string }>(
      'select id, letter_id, state, outcome from redrive.attempt',
    )
    const inLetters = new Set(letters.rows.map(({ body }) => numberOf(body)))
    const inSink = new Set(handled.map(({ n }) => n))
    const lost = [...options.produced].filter((n) => !inSink.has(n) && !inLetters.has(n))
    const duplicated = [
      ...withoutIntent(handled, new Set(attempts.rows.map(({ id }) => id))),
      ...handledTwice(handled, new Map(attempts.rows.map((attempt) => [attempt.id, attempt]))),
      ...capturedTwice(letters.rows),
    ]
    return {
      letters: letters.rows.length,
      lost: lost.length,
      duplicatedUnknowingly: duplicated.length,
      uncertain: letters.rows.filter(({ state }) => state === 'uncertain').length,
      examples: [...lost.slice(0, 5).map((n) => `message ${n} is lost`), ...duplicated.slice(0, 5)],
    }
  } finally {
    await client.end()
  }
}

export function sinkLines(file: string): readonly SinkLine[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as SinkLine] : []))
}

function numberOf(body: Buffer): number {
  return (JSON.parse(body.toString('utf8')) as TortureMessage).n
}

function withoutIntent(handled: readonly SinkLine[], attempts: ReadonlySet<string>): readonly string[] {
  const unknown = new Set(
    handled.flatMap(({ replayId }) => (replayId === null || attempts.has(replayId) ? [] : [replayId])),
  )
  return [...unknown].map((replayId) => `replay ${replayId} was sent without an intent`)
}

/**
 * One message handled under two decisions. A consumer that is killed may handle one replay twice; that is its own at-least-once and is not
 * counted. Two replays are only right when the one before had failed, or was known to be uncertain.
 */
function handledTwice(
  handled: readonly SinkLine[],
  attempts: ReadonlyMap<string, { readonly state: string; readonly outcome: string }>,
): readonly string[] {
  const replays = new Map<number, Set<string>>()
  for (const { n, replayId } of handled)
    if (replayId !== null) replays.set(n, (replays.get(n) ?? new Set()).add(replayId))
  return [...replays].flatMap(([n, ids]) => {
    const unflagged = [...ids].filter(
      (id) => attempts.get(id)?.outcome === 'confirmed' || attempts.get(id)?.state === 'not-sent',
    )
    return ids.size > 1 && unflagged.length > 1 ? [`message ${n} was handled under ${ids.size} replays`] : []
  })
}

function capturedTwice(
  letters: readonly {
    readonly wire_id: string | null
    readonly hops: number | null
    readonly replay_id: string | null
    readonly body: Buffer
  }[],
): readonly string[] {
  const seen = new Map<string, number>()
  for (const { wire_id, hops, replay_id } of letters) {
    if (wire_id === null) continue
    const death = `${wire_id} hop ${hops} replay ${replay_id}`
    seen.set(death, (seen.get(death) ?? 0) + 1)
  }
  return [...seen].flatMap(([death, times]) => (times > 1 ? [`one death is ${times} letters: ${death}`] : []))
}
