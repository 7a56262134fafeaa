import type { History } from './history.ts'

/** What is handled is what was sent, byte for byte; a replay is what was agreed to, and that is the original or what somebody wrote. */
export function bodyFindings({ handled, produced, attempts, edited }: History): readonly string[] {
  return handled.flatMap(({ n, replayId, bodySha256 }) => {
    const original = produced.get(n)
    // Not confirmed by the broker, though it came: nobody knows its bytes.
    if (original === undefined) return []
    if (replayId === null) return bodySha256 === original ? [] : [`message ${n} was handled with other bytes`]
    const attempt = attempts.get(replayId)
    if (attempt === undefined) return []
    const isKnown = bodySha256 === original || edited.get(n)?.has(bodySha256) === true
    return bodySha256 === attempt.bodySha256 && isKnown ? [] : [`replay ${replayId} was handled with other bytes`]
  })
}
