import type { Broker, SendResult } from '@redrive/worker'

export interface RecordingBroker extends Broker {
  /** When each letter was sent, in milliseconds since the epoch, in the order of sending. */
  readonly sentAtMs: number[]
}

/** A connection that notes each send. `refuse`: takes nothing. `before`: what happens before the letters of a call are passed on. */
export function recordingBroker(
  broker: Broker,
  options: { readonly refuse?: () => boolean; readonly before?: () => Promise<void> } = {},
): RecordingBroker {
  const sentAtMs: number[] = []
  return {
    ...broker,
    sentAtMs,
    async send(place, messages) {
      const nowMs = Date.now()
      for (const _ of messages) sentAtMs.push(nowMs)
      await options.before?.()
      if (options.refuse?.() !== true) return broker.send(place, messages)
      return messages.map((): SendResult => ({ kind: 'not-sent', reason: 'the place is full', retryable: false }))
    },
  }
}
