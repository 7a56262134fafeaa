const longestMs = 10

/**
 * Lets timers and sockets have their turn. A broker that answers from memory and handlers that answer at once would otherwise keep the event loop
 * to themselves as long as there is a message, and timeouts and retries would come late.
 *
 * The time counts from the beginning of the present turn, not from the last one given up here: what was fetched is best worked off at once,
 * since between turns the garbage collector looks, and whatever still waits then it copies.
 */
export function fairTurns(): () => Promise<void> {
  let sinceMs: number | null = null
  const turned = (): void => {
    sinceMs = null
  }
  return async () => {
    const nowMs = performance.now()
    if (sinceMs === null) {
      sinceMs = nowMs
      setImmediate(turned)
    } else if (nowMs - sinceMs >= longestMs) await new Promise((resolve) => setImmediate(resolve))
  }
}
