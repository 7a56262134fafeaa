import type { CaptureEvent } from './capture/index.ts'
import type { ReplayEvent } from './replay/index.ts'

export function replayLine(event: ReplayEvent): string {
  if (event.kind === 'trouble') return `replay${event.run === null ? '' : ` ${event.run}`}: ${event.message}`
  return `replay ${event.run}: ${replayWords[event.kind]}${'message' in event ? `: ${event.message}` : ''}`
}

const replayWords: Readonly<Record<Exclude<ReplayEvent['kind'], 'trouble'>, string>> = {
  'run-started': 'started',
  'run-done': 'done',
  'canary-passed': 'the canary passed',
  'run-halted': 'halted',
  'run-paused': 'waits for a decision',
  'held-released': 'what was held goes on',
  resolved: 'looked for what was uncertain',
}

/** The stack names places in the code; what letters hold is not in it. */
export function failureLine(requestId: string, error: unknown): string {
  return `request ${requestId} failed: ${error instanceof Error ? error.stack : String(error)}`
}

/** `null`: nothing to be told. */
export function captureLine(event: CaptureEvent): string | null {
  switch (event.kind) {
    case 'cause':
      return `new cause in ${event.queue}: ${event.title}`
    case 'paused':
      return `capture from ${event.place} waits: ${event.message}`
    case 'resumed':
      return `capture from ${event.place} goes on`
    case 'trouble':
      return `capture from ${event.place}: ${event.message}`
    case 'hostile':
      return `a letter from ${event.place} could not be understood and is kept as it is: ${event.reason}`
    case 'captured':
      return null
  }
}
