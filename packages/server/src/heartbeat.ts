import { type Clock, systemClock } from '@redrive/worker'
import type { Store } from './store/store.ts'

/** An address that somebody else watches: when no request comes for a while, that one raises the alarm. */
export interface HeartbeatOptions {
  /** Asked for with GET; its path may be a secret, so it is in no message. */
  readonly url: string
  readonly seconds: number
  /** Why nobody could rely on this office though it lives. @default nothing is looked at */
  readonly trouble?: () => string | null
  readonly tell: (line: string) => void
  readonly clock?: Clock
}

const patienceMs = 10_000

/**
 * Says again and again that the office lives and its database answers. Nothing is said while it does not, so that whoever waits for it notices
 * our death, whatever we died of. That it cannot be said is told once, and once that it can again.
 */
export function startHeartbeat(
  store: Pick<Store, 'pool'>,
  { url, seconds, trouble: ours = () => null, tell, clock = systemClock }: HeartbeatOptions,
): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const host = new URL(url).host
  let trouble: string | null = null

  const beat = async (): Promise<string | null> => {
    const own = ours()
    if (own !== null) return own
    try {
      await store.pool.query('select 1')
    } catch {
      return 'the database does not answer'
    }
    try {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(patienceMs)])
      const answer = await fetch(url, { signal, headers: { 'user-agent': 'redrive' } })
      await answer.body?.cancel()
      return answer.ok ? null : `${host} answered ${answer.status}`
    } catch (error) {
      return `${host} could not be reached (${reasonOf(error)})`
    }
  }

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const before = trouble
      trouble = await beat()
      if (stopping.signal.aborted) return
      if (trouble !== null && before === null) tell(`no heartbeat: ${trouble}`)
      if (trouble === null && before !== null) tell('the heartbeat is heard again')
      await clock.sleep(seconds * 1_000, stopping.signal)
    }
  }

  const running = loop()
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

/** By its code: the message of a failed fetch holds the address. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } }
  if (typeof cause?.code === 'string') return cause.code
  return error instanceof Error ? error.name : 'unknown'
}
