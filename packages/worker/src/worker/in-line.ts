import type { Attempts } from './attempt.ts'
import type { Call } from './call.ts'
import type { Hold } from './hold.ts'

/** Asks before each call whether the message may be called yet, or has to stand behind others of its key. */
export function inLine(
  attempts: Attempts,
  { hold, stopping }: { readonly hold: Hold; readonly stopping: AbortSignal },
): Attempts {
  const enter = async (call: Call): Promise<void> => {
    const arrival = await hold.arrive(call.task, call.job)
    if (arrival === 'aside') return
    if (arrival === 'behind') call.came({ kind: 'behind' })
    else if (arrival === 'gave-up' || call.task.lost || stopping.aborted) call.came({ kind: 'aborted' })
    else attempts.run(call)
  }
  return { ...attempts, run: (call) => void enter(call) }
}
