import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Linux gives 32768 and above to outgoing connections and to whoever asks for any port. A server that only starts later, or starts once more on
 * the port it had, would find one of those taken by then.
 */
const [lowest, beyond] = [15_000, 32_000]

const given = new Set<number>()

/** A port of 127.0.0.1 for a server that starts later: free now, and given to nobody else in this process. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, beyond)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
}

/** Whether a server on 127.0.0.1 could have it now. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen({ host: '127.0.0.1', port })
  const listening = await once(server, 'listening').then(
    () => true,
    () => false,
  )
  if (listening) await new Promise((resolve) => server.close(resolve))
  return listening
}
