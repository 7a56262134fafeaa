import { type GlobalOptions, withOffice } from '../context.ts'
import { ago, printTable } from '../output.ts'
import type { Run } from './replay-views.ts'

export function listCommand(options: GlobalOptions & { readonly limit: number }): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const { runs } = await client.get<{ runs: readonly Run[] }>('/runs', { limit: options.limit })
    if (output.json) {
      output.out(JSON.stringify({ runs }))
      return
    }
    if (runs.length === 0) {
      output.say('Nothing was replayed yet. Look at why letters died with `redrive causes`, then:')
      output.say('  redrive replay plan --cause c_…   freezes what would be sent; sends nothing')
      return
    }
    printTable(output, runs, [
      { title: 'RUN', value: ({ id }) => id },
      { title: 'STATE', value: ({ state, stage }) => (state === 'running' ? stage : state) },
      { title: 'STARTED', value: ({ startedAt }) => ago(startedAt, nowMs), align: 'right' },
      { title: 'BY', value: ({ startedBy }) => startedBy, max: 24 },
      { title: 'LETTERS', value: ({ planned }) => planned, align: 'right' },
      { title: 'SENT', value: ({ sends }) => sends.sent, align: 'right' },
      { title: 'CONFIRMED', value: ({ outcomes }) => outcomes.confirmed, align: 'right' },
      { title: 'RETURNED', value: ({ outcomes }) => outcomes.returned, align: 'right' },
      { title: 'WAITING', value: ({ outcomes }) => outcomes.pending, align: 'right' },
      { title: 'WHY STOPPED', value: ({ stopped }) => stopped?.why ?? null, max: 60 },
    ])
  })
}
