import path from 'node:path'
import { RedriveError } from '@redrive/worker'
import { loadConfig } from '../../config/index.ts'
import { runLive } from '../../demo/live.ts'
import { narrator } from '../../demo/narrator.ts'
import { type Figures, runOnce } from '../../demo/once.ts'
import { type DemoTarget, startScenario } from '../../demo/scenario.ts'
import { guarded } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { stopSignal } from './serve.ts'

export interface DemoOptions {
  readonly once?: boolean
  readonly json?: boolean
  readonly kafka?: string
  readonly rabbitmq?: string
  readonly data?: string
  readonly port?: string
  readonly orders: string
}

/** The reefer scenario: on the embedded queue by default, on a real broker by choice. */
export function demoCommand(options: DemoOptions): Promise<void> {
  return guarded(options, async () => {
    const startedMs = performance.now()
    const orders = ordersOf(options)
    const target = targetOf(options)
    const command = commandName(options)
    const tell = narrator({ command })
    const stopping = new AbortController()
    void stopSignal().then(() => stopping.abort())
    tell.chapter('Redrive: the dead letter office')
    tell.say(
      `starting the office and the reefer scenario on ${target.type === 'embedded' ? 'the embedded queue (pg-boss)' : target.type}`,
    )
    const scenario = await startScenario(configOf(options), { target, onNews: tell.onNews })
    try {
      tell.say(`the office is open at ${scenario.office.url}`)
      if (!options.once) {
        await runLive(scenario, { orders, narrator: tell, command, signal: stopping.signal })
        return exitCodes.ok
      }
      const { figures, balanced } = await runOnce(scenario, {
        orders,
        startedMs,
        narrator: tell,
        command,
        signal: stopping.signal,
      })
      if (stopping.signal.aborted) return exitCodes.interrupted
      tell.chapter(balanced ? 'Everything balances' : 'IT DOES NOT BALANCE')
      tell.say(sentence(figures))
      tell.say(
        `The office ends here and its letters stay. To go on with them, and to type what is above: ${again(command)}`,
      )
      if (options.json) process.stdout.write(`${JSON.stringify(figures)}\n`)
      return balanced ? exitCodes.ok : exitCodes.failure
    } finally {
      await scenario.stop()
    }
  })
}

function sentence(f: Figures): string {
  return `${f.produced} orders, ${f.captured} dead letters of ${f.causes} causes; ${f.replayed} replayed: ${f.confirmed} confirmed, ${f.returned} returned; ${f.open} open; unaccounted ${f.unaccounted}; ${f.seconds} s`
}

function ordersOf({ orders }: DemoOptions): number {
  const count = Number(orders)
  if (Number.isInteger(count) && count >= 20 && count <= 100_000) return count
  throw new RedriveError('OPTION_INVALID', `--orders is a whole number from 20 to 100,000, not ${orders}.`)
}

function targetOf({ kafka, rabbitmq }: DemoOptions): DemoTarget {
  if (kafka !== undefined && rabbitmq !== undefined)
    throw new RedriveError('OPTION_INVALID', 'Choose one of --kafka and --rabbitmq.')
  if (kafka !== undefined) return { type: 'kafka', brokers: kafka.split(',') }
  return rabbitmq === undefined ? { type: 'embedded' } : { type: 'rabbitmq', url: rabbitmq }
}

function configOf(options: DemoOptions): ReturnType<typeof loadConfig> {
  const config = loadConfig()
  return {
    ...config,
    data: options.data ?? config.data,
    http: { ...config.http, ...(options.port === undefined ? {} : { port: Number(options.port) }) },
  }
}

/** How this command line was started, so that what is printed can be typed. */
function commandName({ data }: DemoOptions): string {
  const program = ['start', 'redrive'].includes(script()) ? 'npm run -s redrive --' : 'redrive'
  return data === undefined ? program : `REDRIVE_DATA='${path.resolve(data).replaceAll("'", `'\\''`)}' ${program}`
}

function again(command: string): string {
  return script() === 'start' && command.startsWith('npm') ? 'npm start' : `${command} demo`
}

function script(): string {
  return process.env['npm_lifecycle_event'] ?? ''
}
