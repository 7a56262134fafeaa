import type { SinkLine } from '../messages.ts'
import type { Attempt, History, Letter } from './history.ts'

export function duplicateFindings({ handled, attempts, letters }: History): readonly string[] {
  return [...withoutIntent(handled, attempts), ...handledTwice(handled, attempts), ...capturedTwice(letters)]
}

function withoutIntent(handled: readonly SinkLine[], attempts: ReadonlyMap<string, Attempt>): readonly string[] {
  const unknown = new Set(
    handled.flatMap(({ replayId }) => (replayId === null || attempts.has(replayId) ? [] : [replayId])),
  )
  return [...unknown].map((replayId) => `replay ${replayId} was sent without an intent`)
}

/**
 * One message handled under two decisions, or as a replay after it had been handled without one. A consumer that is killed may handle one replay
 * twice; that is its own at-least-once and is not counted. Two replays are only right when the one before had failed, or is known to be uncertain.
 */
function handledTwice(handled: readonly SinkLine[], attempts: ReadonlyMap<string, Attempt>): readonly string[] {
  const replays = new Map<number, Set<string>>()
  for (const { n, replayId } of handled)
    if (replayId !== null) replays.set(n, (replays.get(n) ?? new Set()).add(replayId))
  return [...replays].flatMap(([n, ids]) => {
    const unflagged = [...ids].filter((id) => !isFlagged(attempts.get(id)))
    return unflagged.length > 1 ? [`message ${n} was handled under ${ids.size} replays: ${[...ids].join(', ')}`] : []
  })
}

function isFlagged(attempt: Attempt | undefined): boolean {
  return attempt?.outcome === 'returned' || attempt?.state === 'uncertain'
}

function capturedTwice(letters: readonly Letter[]): readonly string[] {
  const seen = new Map<string, number>()
  for (const { death } of letters) if (death !== null) seen.set(death, (seen.get(death) ?? 0) + 1)
  return [...seen].flatMap(([death, times]) => (times > 1 ? [`one death is ${times} letters: ${death}`] : []))
}
