import type { Broker, Outgoing, PlaceSpec, SendResult } from '../broker.ts'
import type { Clock } from '../clock.ts'
import type { Emitter } from './events.ts'
import type { Gate } from './gate.ts'

/**
 * `sent`: the broker has it. `refused`: it will never take any form of it. `gave-up`: the worker stopped first.
 */
export type Sent = 'sent' | 'refused' | 'gave-up'

export interface Sender {
  /**
   * Sends until the broker confirms. What is refused for good is tried in the next, smaller form; what cannot be sent now closes
   * the gate and is tried again. An uncertain send is repeated: the copy it may have left carries the same identity.
   */
  surely(place: string, forms: readonly (() => Outgoing)[], options?: { readonly mayRefuse?: boolean }): Promise<Sent>
}

const firstWaitMs = 100
const longestWaitMs = 5_000

export function sender(options: {
  readonly broker: Broker
  readonly places: readonly PlaceSpec[]
  readonly clock: Clock
  readonly random: () => number
  readonly gate: Gate
  readonly events: Emitter
  readonly signal: AbortSignal
}): Sender {
  const { broker, places, clock, random, gate, events, signal } = options
  const send = batching(broker, signal)

  return {
    async surely(place, forms, { mayRefuse = false } = {}) {
      const blocker = {}
      let form = 0
      let waitMs = firstWaitMs
      let prepared = false
      try {
        for (;;) {
          const outgoing = forms[form]?.()
          if (outgoing === undefined) return 'refused'
          const result = await send(place, outgoing)
          if (result.kind === 'sent') return 'sent'
          if (result.kind === 'not-sent' && !result.retryable && !signal.aborted) {
            // The place may have been deleted under us.
            const missing = !prepared && (await isMissing(broker, place))
            prepared = true
            if (missing) {
              await broker.prepare(places).catch(() => undefined)
              continue
            }
            if (++form < forms.length) continue
            if (mayRefuse) return 'refused'
            form = 0
            prepared = false
          }
          const reason = `cannot send to "${place}": ${result.reason}`
          gate.close(blocker, reason)
          events.emit('trouble', () => ({ message: reason, place }))
          if (signal.aborted) return 'gave-up'
          await clock.sleep(waitMs * (0.5 + random() / 2), signal)
          if (signal.aborted) return 'gave-up'
          waitMs = Math.min(longestWaitMs, waitMs * 2)
        }
      } finally {
        gate.open(blocker)
      }
    },
  }
}

async function isMissing(broker: Broker, place: string): Promise<boolean> {
  try {
    return !(await broker.describe(place)).exists
  } catch {
    return false
  }
}

/** What is sent to one place while a send is on its way goes together in the next one. */
function batching(broker: Broker, signal: AbortSignal): (place: string, outgoing: Outgoing) => Promise<SendResult> {
  const unanswered = new Set<(result: SendResult) => void>()
  // A send that never comes back must not hold up the stop.
  signal.addEventListener('abort', () => {
    for (const resolve of unanswered) resolve({ kind: 'uncertain', reason: 'the worker stopped first' })
  })
  const pending = new Map<string, { readonly outgoing: Outgoing; readonly resolve: (result: SendResult) => void }[]>()

  const run = async (place: string): Promise<void> => {
    await Promise.resolve()
    for (let batch = pending.get(place) ?? []; batch.length > 0; batch = pending.get(place) ?? []) {
      pending.set(place, [])
      const results = await broker
        .send(
          place,
          batch.map(({ outgoing }) => outgoing),
        )
        .catch((cause: unknown) => batch.map((): SendResult => ({ kind: 'uncertain', reason: reasonOf(cause) })))
      batch.forEach(({ resolve }, at) =>
        resolve(results[at] ?? { kind: 'uncertain', reason: 'the broker gave no result' }),
      )
    }
    pending.delete(place)
  }
  return (place, outgoing) => {
    const { promise, resolve } = Promise.withResolvers<SendResult>()
    unanswered.add(resolve)
    const batch = pending.get(place)
    if (batch === undefined) {
      pending.set(place, [{ outgoing, resolve }])
      void run(place)
    } else batch.push({ outgoing, resolve })
    return promise.finally(() => unanswered.delete(resolve))
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'the broker failed'
}
