import pg from 'pg'
import { bodyFindings } from './checks/bodies.ts'
import { duplicateFindings } from './checks/duplicates.ts'
import { type Histories, readHistory } from './checks/history.ts'
import { lostFindings } from './checks/lost.ts'
import { stateFindings } from './checks/states.ts'
import { stopFindings } from './checks/stops.ts'
import { longestUnownedMs, uncertainResolved } from './checks/uncertain.ts'

/** What the checker, which shares no code with the office, finds in the histories: what was sent, handled, ordered and killed, and what the office holds. */
export interface Verdict {
  readonly letters: number
  /** Confirmed by the broker, neither handled nor in a letter. */
  readonly lost: number
  /** Handled under two replays of which the first had not failed, or under a replay nobody had noted, or one death captured twice. */
  readonly duplicatedUnknowingly: number
  /** Sent though the run was stopped or the letter discarded. */
  readonly sentAfterStop: number
  /** Handled with other bytes than were agreed to. */
  readonly altered: number
  /** Letters of runs that are over, in a state that only a run ends. */
  readonly stranded: number
  readonly uncertain: number
  readonly uncertainResolved: number
  /** The longest time that letters were in an intent whose holder was dead and whose results nobody had noted. */
  readonly longestUnownedMs: number
  readonly examples: readonly string[]
}

export async function check(histories: Histories): Promise<Verdict> {
  const client = new pg.Client({ connectionString: histories.databaseUrl })
  await client.connect()
  try {
    const history = await readHistory(client, histories)
    const lost = lostFindings(history)
    const duplicated = duplicateFindings(history)
    const stopped = stopFindings(history)
    const altered = bodyFindings(history)
    const stranded = stateFindings(history)
    return {
      letters: history.letters.length,
      lost: lost.length,
      duplicatedUnknowingly: duplicated.length,
      sentAfterStop: stopped.length,
      altered: altered.length,
      stranded: stranded.length,
      uncertain: history.letters.filter(({ state }) => state === 'uncertain').length,
      uncertainResolved: await uncertainResolved(client),
      longestUnownedMs: await longestUnownedMs(client, histories.officeKilledAtMs),
      examples: [lost, duplicated, stopped, altered, stranded].flatMap((found) => found.slice(0, 5)),
    }
  } finally {
    await client.end()
  }
}
