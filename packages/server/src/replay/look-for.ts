import type { Broker, Ends, ReplaysFound } from '@redrive/worker'
import type { DoubtedLetter, DueLook } from './due-looks.ts'

/** What looking for a letter told. */
export type Seen =
  | { readonly kind: 'there'; readonly at: { readonly partition: string; readonly position: bigint } | null }
  /** Everything since was seen, and it is not in it. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly why: string; readonly isFinal: boolean }

/**
 * Looks for the letters of intents of one run where they were sent to, place by place, each read once for all of them if that can be.
 * @returns by replay id
 */
export async function lookFor(
  looks: readonly DueLook[],
  options: { readonly brokers: ReadonlyMap<string, Broker>; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, Seen>> {
  const seen = new Map<string, Seen>()
  const letters = looks.flatMap((look) => look.letters)
  const groups = Map.groupBy(letters, ({ broker, place, ends }) =>
    JSON.stringify([broker, place, ends?.identity ?? null]),
  )
  for (const group of groups.values()) {
    const answers = await lookAt(group, options)
    const isWhole = [...answers.values()].every(({ kind }) => kind !== 'unknown')
    const parts = isWhole ? [] : [...Map.groupBy(group, ({ ends }) => JSON.stringify(ends)).values()]
    for (const [id, answer] of answers) seen.set(id, answer)
    // What was sent later may still be seen whole where that before it cannot.
    if (parts.length < 2) continue
    for (const part of parts) for (const [id, answer] of await lookAt(part, options)) seen.set(id, answer)
  }
  return seen
}

async function lookAt(
  letters: readonly DoubtedLetter[],
  { brokers, signal }: { readonly brokers: ReadonlyMap<string, Broker>; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, Seen>> {
  const [first] = letters
  const ids = letters.map(({ replayId }) => replayId)
  const all = (answer: Seen): ReadonlyMap<string, Seen> => new Map(ids.map((id) => [id, answer]))
  if (first === undefined) return new Map()
  const broker = brokers.get(first.broker)
  if (broker === undefined)
    return all({ kind: 'unknown', why: 'the office has no connection of this name any more', isFinal: false })
  if (broker.findReplays === undefined)
    return all({ kind: 'unknown', why: `nobody can look back into a place of ${broker.system}`, isFinal: true })
  const since = earliest(letters.map(({ ends }) => ends))
  if (since === null)
    return all({ kind: 'unknown', why: 'how far the place reached before the send could not be asked', isFinal: true })
  let answer: ReplaysFound
  try {
    answer = await broker.findReplays(first.place, { since, replayIds: new Set(ids), signal })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return all({ kind: 'unknown', why, isFinal: false })
  }
  const { found, gap } = answer
  const missing: Seen = gap === null ? { kind: 'absent' } : { kind: 'unknown', ...gap }
  return new Map(
    ids.map((id): [string, Seen] => {
      const at = found.get(id)
      return [id, at === undefined ? missing : { kind: 'there', at }]
    }),
  )
}

/** `null` where one is missing. */
function earliest(all: readonly (Ends | null)[]): Ends | null {
  const [first] = all
  if (first === undefined || first === null) return null
  const positions: Record<string, string> = {}
  for (const ends of all) {
    if (ends === null) return null
    for (const [partition, position] of Object.entries(ends.positions)) {
      const known = positions[partition]
      if (known === undefined || BigInt(position) < BigInt(known)) positions[partition] = position
    }
  }
  // A partition that one of them does not know was added later: it is read from its beginning.
  for (const partition of Object.keys(positions))
    if (all.some((ends) => ends?.positions[partition] === undefined)) delete positions[partition]
  return { positions, ...(first.identity === undefined ? {} : { identity: first.identity }) }
}
