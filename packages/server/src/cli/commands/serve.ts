import { loadConfig } from '../../config/index.ts'
import { checkConfig, startOffice } from '../../main.ts'
import { guarded } from '../context.ts'
import { safeLine } from '../safe-text.ts'

export interface ServeOptions {
  readonly config?: string
  readonly data?: string
  readonly port?: number
  readonly check?: boolean
  readonly restored?: boolean
}

/** Runs the office until it is told to stop. */
export function serveCommand(options: ServeOptions): Promise<void> {
  return guarded({}, async () => {
    const config = configWith(options)
    if (options.check) {
      for (const line of await checkConfig(config)) process.stdout.write(`${safeLine(line)}\n`)
      return
    }
    const stopping = stopSignal()
    const office = await startOffice(config, {
      onEvent: (event) => process.stderr.write(`${safeLine(event)}\n`),
      isRestored: options.restored ?? false,
    })
    try {
      process.stderr.write(`redrive is open at ${office.url}. Next: redrive status. Ctrl-C stops it.\n`)
      if (Object.keys(config.brokers).length === 0) {
        process.stderr.write(
          'It captures nothing yet: name your brokers in redrive.yaml, or see it work with: redrive demo\n',
        )
      }
      await stopping
      process.stderr.write('closing …\n')
    } finally {
      await office.stop()
      // What a client has left open to a server that does not answer keeps nobody alive.
      setTimeout(() => process.exit(), 1_000).unref()
    }
  })
}

function configWith(options: ServeOptions): ReturnType<typeof loadConfig> {
  const config = loadConfig(options.config === undefined ? {} : { file: options.config })
  return {
    ...config,
    data: options.data ?? config.data,
    http: { ...config.http, ...(options.port === undefined ? {} : { port: options.port }) },
  }
}

/** Resolves at the first Ctrl-C or SIGTERM; a second one ends the process at once. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    const stop = (): void => {
      if (asked) process.exit(130)
      asked = true
      resolve()
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  })
}
