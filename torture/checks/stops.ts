import type { History } from './history.ts'

/** A handled replay says by its id which run it is of, and which of its letters. */
export function stopFindings(history: History): readonly string[] {
  return [...sentWhileStopped(history), ...sentAfterDiscard(history)]
}

/** Beyond what a run had taken up when it said that it stopped, nothing is handled until somebody tells it to go on. */
function sentWhileStopped({ handled, stops }: History): readonly string[] {
  const byRun = Map.groupBy(
    handled.flatMap(({ replayId, atMs }) =>
      replayId === null ? [] : [{ run: replayId.slice(0, -8), ordinal: Number.parseInt(replayId.slice(-8), 16), atMs }],
    ),
    ({ run }) => run,
  )
  return stops.flatMap(({ run, what, progressed, acknowledgedAtMs, resumedAtMs }) => {
    const beyond = (byRun.get(uuidOf(run).slice(0, -8)) ?? []).filter(
      ({ ordinal, atMs }) => ordinal >= progressed && (resumedAtMs === null || atMs < resumedAtMs),
    )
    const first = beyond[0]
    if (first === undefined) return []
    const late = first.atMs - acknowledgedAtMs
    return [
      `${beyond.length} letters of ${run} from ${first.ordinal} on were handled ${late} ms after its ${what}, at ${progressed}`,
    ]
  })
}

/** What somebody ended is not taken up by any replay that began afterwards. */
function sentAfterDiscard({ letters, attempts }: History): readonly string[] {
  const discarded = new Map(
    letters.filter(({ state }) => state === 'discarded').map(({ id, changedAtMs }) => [id, changedAtMs]),
  )
  return [...attempts.values()].flatMap(({ id, letterId, intendedAtMs, state }) => {
    const atMs = discarded.get(letterId)
    return atMs !== undefined && (intendedAtMs > atMs || state === 'intended')
      ? [`letter ${letterId} was discarded and sent as ${id}`]
      : []
  })
}

/** Behind an id that people see is a UUID, in Crockford's base 32. */
function uuidOf(id: string): string {
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
  let number = 0n
  for (const character of id.slice(2)) number = number * 32n + BigInt(alphabet.indexOf(character))
  const hex = number.toString(16).padStart(32, '0')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
