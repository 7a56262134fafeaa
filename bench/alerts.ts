import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { officeDatabase, startTestServer } from '../packages/server/src/testing/database.ts'
import { type AlertTrace, readTraces } from './lib/alert-trace.ts'
import { type Compared, compareMessages } from './lib/compare-messages.ts'
import { playTrace } from './lib/play-trace.ts'
import { table } from './lib/table.ts'

export const summary: string = 'alerts [--trace NAME] [--every-second]: what is said of incidents'

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { trace: { type: 'string' }, 'every-second': { type: 'boolean', default: false } },
  })
  const server = await startTestServer()
  process.env['REDRIVE_TEST_DATABASE_URL'] = server.url
  try {
    const traces = (await readTraces()).filter(({ name }) => name === (values.trace ?? name))
    const print = table([28, 9, 9, 9, 9, 9, 9])
    print('trace', 'events', 'looks', 'said', 'missed', 'extra', 's')
    const totals = { missed: 0, extra: 0 }
    for (const trace of traces) {
      const startedMs = performance.now()
      const database = await officeDatabase()
      const { said, looks } = await playTrace(trace, { url: database.url, everySecond: values['every-second'] })
      await database.drop()
      const { missed, extra } = compareMessages(said, trace.truths)
      totals.missed += missed.length
      totals.extra += extra.length
      print(
        trace.name,
        trace.events.length,
        looks,
        said.length,
        missed.length,
        extra.length,
        (performance.now() - startedMs) / 1_000,
      )
      for (const m of missed) console.log(`  missed ${shown(trace, m)}`)
      for (const m of extra) console.log(`  extra  ${shown(trace, m)}`)
    }
    console.log(JSON.stringify({ bench: 'alerts', traces: traces.length, ...totals }))
  } finally {
    await server.stop()
  }
}

const shown = (trace: AlertTrace, { atMs, text }: { atMs: number; text: string }) =>
  `${Math.floor((atMs - trace.fromMs) / 86_400_000) + 1} ${new Date(atMs).toISOString().slice(11, 19)} ${text}`
