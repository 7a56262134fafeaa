import { constant } from '../src/backoff.ts'
import type { EffectStore } from '../src/effects/effect-store.ts'
import { memoryEffects } from '../src/effects/stores/memory.ts'
import type { Message } from '../src/message.ts'
import { encodeWire } from '../src/wire-codec.ts'
import type { Handler } from '../src/worker/attempt.ts'
import type { WorkerOptions } from '../src/worker/options.ts'
import type { Worker } from '../src/worker.ts'
import { type Bed, bed, type Letter } from './bed.ts'

export const leaseMs = 60_000

/** A queue in memory whose workers remember effects. */
export interface EffectsBed {
  readonly on: Bed
  readonly store: EffectStore
  worker(handle: Handler, options?: Partial<WorkerOptions>): Promise<Worker>
  /** Sends a dead letter back as the office does. */
  replay(letter: Letter | undefined, replayId?: string): Promise<void>
}

export function effectsBed(): EffectsBed {
  const on = bed()
  const store = memoryEffects({ clock: on.clock })
  return {
    on,
    store,
    worker: (handle, options = {}) =>
      on.worker({ handle, effects: { store, leaseMs }, retry: { maxAttempts: 4, backoff: constant(100) }, ...options }),
    async replay(letter, replayId = 'replay-1') {
      await on.broker().send('orders', [{ message: replayOf(letter, replayId) }])
    },
  }
}

function replayOf(letter: Letter | undefined, replayId: string): Message {
  if (letter === undefined || letter.wire === null) throw new Error('no letter to replay')
  const headers = encodeWire({ ...letter.wire, replayId }, null, { headerBytes: 4_096, stackBytes: 0 })
  return { ...letter.message, headers }
}
