const longestMs = 10

/**
 * Lets timers and sockets have their turn. A broker that answers from memory and handlers that answer at once would otherwise keep the event loop
 * to themselves as long as there is a message, and timeouts and retries would come late.
 */
export function fairTurns(): () => Promise<void> {
  let lastMs = performance.now()
  return async () => {
    if (performance.now() - lastMs < longestMs) return
    await new Promise((resolve) => setImmediate(resolve))
    lastMs = performance.now()
  }
}
