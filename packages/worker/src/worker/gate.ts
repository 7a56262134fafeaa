import type { Clock } from '../clock.ts'
import type { Emitter } from './events.ts'

/** Closed while something that must not be lost cannot be sent; nothing is taken in or started then. */
export interface Gate {
  readonly reason: string | null
  close(by: object, reason: string): void
  open(by: object): void
  /** Resolves when open, or when `signal` aborts. */
  passed(signal: AbortSignal): Promise<void>
  onOpen(listener: () => void): void
}

export function gate(options: { readonly clock: Clock; readonly events: Emitter }): Gate {
  const { clock, events } = options
  const closedBy = new Map<object, string>()
  const listeners: (() => void)[] = []
  let opened = Promise.withResolvers<void>()
  let closedAtMs = 0

  return {
    get reason() {
      // Asked before each start, and almost always open.
      return closedBy.size === 0 ? null : (closedBy.values().next().value ?? null)
    },
    close(by, reason) {
      if (closedBy.size === 0) {
        closedAtMs = clock.monotonic()
        events.emit('paused', () => ({ reason }))
      }
      closedBy.set(by, reason)
    },
    open(by) {
      if (!closedBy.delete(by) || closedBy.size > 0) return
      events.emit('resumed', () => ({ pausedMs: clock.monotonic() - closedAtMs }))
      opened.resolve()
      opened = Promise.withResolvers<void>()
      for (const listener of listeners) listener()
    },
    async passed(signal) {
      while (closedBy.size > 0 && !signal.aborted) await Promise.race([opened.promise, aborted(signal)])
    },
    onOpen(listener) {
      listeners.push(listener)
    },
  }
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
