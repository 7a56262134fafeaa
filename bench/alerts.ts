import { parseArgs } from 'node:util'
import { officeDatabase, startTestServer } from '../packages/server/src/testing/database.ts'
import { measureLatency } from './lib/alert-latency.ts'
import { type AlertTrace, type Message, readTraces } from './lib/alert-trace.ts'
import { compareMessages } from './lib/compare-messages.ts'
import { percentile } from './lib/median.ts'
import { playTrace } from './lib/play-trace.ts'
import { table } from './lib/table.ts'

export const summary: string =
  'alerts [--trace NAME] [--every-second] [--offices N]: what is said of incidents beside what should be, and how soon'

const dayMs = 86_400_000

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      trace: { type: 'string' },
      'every-second': { type: 'boolean', default: false },
      offices: { type: 'string', default: '2' },
    },
  })
  const traces = (await readTraces()).filter(({ name }) => name === (values.trace ?? name))
  const noise = await playAll(traces, { everySecond: values['every-second'] })
  const offices = Number(values.offices)
  const latency = offices === 0 ? {} : { deliveredP95Ms: await delivered(offices) }
  console.log(JSON.stringify({ bench: 'alerts', traces: traces.length, ...noise, ...latency }))
}

async function playAll(
  traces: readonly AlertTrace[],
  options: { readonly everySecond: boolean },
): Promise<{ readonly missed: number; readonly extra: number }> {
  const server = await startTestServer()
  process.env['REDRIVE_TEST_DATABASE_URL'] = server.url
  const total = { missed: 0, extra: 0 }
  const print = table([16, 8, 8, 8, 8, 8, 8, 8])
  print('trace', 'days', 'events', 'looks', 'said', 'missed', 'extra', 's')
  try {
    for (const trace of traces) {
      const startedMs = performance.now()
      const database = await officeDatabase()
      const { said, looks } = await playTrace(trace, { url: database.url, ...options })
      await database.drop()
      const { missed, extra } = compareMessages(said, trace.truths)
      total.missed += missed.length
      total.extra += extra.length
      const seconds = (performance.now() - startedMs) / 1_000
      const days = (trace.toMs - trace.fromMs) / dayMs
      print(trace.name, days, trace.events.length, looks, said.length, missed.length, extra.length, seconds)
      for (const message of missed) console.log(`  missed  ${shown(trace, message)}`)
      for (const message of extra) console.log(`  extra   ${shown(trace, message)}`)
    }
  } finally {
    await server.stop()
  }
  return total
}

function shown({ fromMs }: AlertTrace, { atMs, text }: Message): string {
  return `${Math.floor((atMs - fromMs) / dayMs) + 1} ${new Date(atMs).toISOString().slice(11, 19)} ${text}`
}

/** @returns p95 since death, in milliseconds */
async function delivered(offices: number): Promise<number> {
  const { sinceDeathMs, sinceCaptureMs } = await measureLatency({ offices })
  const print = table([40, 8, 8, 8, 8])
  print('a new cause until its notice is there, ms', 'p50', 'p95', 'most', 'causes')
  for (const [name, times] of [
    ['since the letter was sent to its place', sinceDeathMs],
    ['since it was captured', sinceCaptureMs],
  ] as const)
    print(name, percentile(times, 0.5), percentile(times, 0.95), Math.max(...times), times.length)
  return Math.round(percentile(sinceDeathMs, 0.95))
}
