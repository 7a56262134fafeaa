import type { Clock } from '@redrive/worker'
import { PositionMoved } from '../store/sources.ts'
import type { PauseReason } from './events.ts'
import { QueueFull } from './within-caps.ts'

/** Waits for a database or broker that is away, tells once that it does and once that it no longer has to. */
export interface Patience {
  /**
   * Asks until there is an answer.
   * @param onFailure told of each failure before the next try
   * @throws PositionMoved and QueueFull at once; Stopped when capture stops meanwhile
   */
  ask<T>(ask: () => Promise<T>, onFailure?: (error: unknown) => void | Promise<void>): Promise<T>
}

/** Capture was stopped while it waited. */
export class Stopped extends Error {
  override readonly name: string = 'Stopped'
}

/** What is being opened; one that opens after `signal` has aborted is closed again, and nobody waits for it. @throws Stopped */
export async function unlessStopped<T extends { close(): Promise<unknown> }>(
  opening: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const stopped = Promise.withResolvers<never>()
  const stop = (): void => stopped.reject(new Stopped('capture was stopped'))
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([opening, stopped.promise])
  } catch (error) {
    if (error instanceof Stopped) opening.then((late) => late.close()).catch(() => undefined)
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

const firstDelayMs = 50
const maxDelayMs = 5_000

export interface PatienceOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly why: PauseReason
  readonly onPaused: (why: PauseReason, message: string) => void
  readonly onResumed: (why: PauseReason) => void
}

export function createPatience({ clock, signal, why, onPaused, onResumed }: PatienceOptions): Patience {
  return {
    async ask(ask, onFailure) {
      for (let delayMs = firstDelayMs, paused = false; ; delayMs = Math.min(delayMs * 2, maxDelayMs)) {
        try {
          const answer = await ask()
          if (paused) onResumed(why)
          return answer
        } catch (error) {
          if (error instanceof PositionMoved || error instanceof QueueFull || error instanceof Stopped) throw error
          if (signal.aborted) throw new Stopped('capture was stopped', { cause: error })
          onPaused(why, error instanceof Error ? error.message : String(error))
          paused = true
          await onFailure?.(error)
          await clock.sleep(delayMs, signal)
        }
      }
    },
  }
}
