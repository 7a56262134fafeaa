import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Run } from './replay-views.ts'

/** Pause, resume or cancel; the answer comes when nothing of the run is on its way any more. */
export function stopCommand(
  what: 'pause' | 'resume' | 'cancel',
  id: string,
  options: GlobalOptions & { readonly by?: string; readonly reason?: string },
): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const run = await client.post<Run>(`/runs/${encodeURIComponent(id)}/${what}`, {
      by: options.by ?? defaultName(),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    })
    if (output.json) output.out(JSON.stringify(run))
    else output.out(told(what, run))
    return exitCodes.ok
  })
}

function told(what: 'pause' | 'resume' | 'cancel', run: Run): string {
  const { sends, planned, progressed } = run
  if (what === 'resume') return `${run.id} goes on. Watch it: redrive replay watch ${run.id}`
  const flight = sends.intended === 0 ? 'nothing is on its way' : `${sends.intended} letters are still on their way`
  const rest = planned - progressed
  return what === 'pause'
    ? `${run.id} is ${run.state}; ${flight}. ${rest} letters are still to be sent: redrive replay resume ${run.id}`
    : `${run.id} is cancelled; ${flight}. ${rest} letters are open again.`
}
