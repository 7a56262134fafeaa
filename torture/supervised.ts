import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process that is killed and comes again, as under any scheduler. */
export interface Supervised {
  kill(): void
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2'): void
  readonly pid: number | undefined
  /** No more restarts; SIGTERM, then SIGKILL. */
  stop(): Promise<void>
}

const wrongClock = new URL('wrong-clock.ts', import.meta.url).href

export function supervise(options: {
  readonly script: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly log: string
  /** Says how wrong its clock is. */
  readonly clock: string
  readonly cwd: string
}): Supervised {
  let child: ChildProcess | undefined
  let stopping = false
  const start = (): void => {
    const log = openSync(options.log, 'a')
    child = spawn(
      process.execPath,
      [
        '--conditions=@redrive/source',
        '--disable-warning=ExperimentalWarning',
        '--import',
        wrongClock,
        options.script,
        ...(options.args ?? []),
      ],
      {
        cwd: options.cwd,
        stdio: ['ignore', log, log],
        env: { ...process.env, ...options.env, REDRIVE_TORTURE_CLOCK: options.clock },
      },
    )
    closeSync(log)
    child.once('exit', (code, signal) => {
      appendFileSync(options.log, `--- ended: ${signal ?? code}\n`)
      setTimeout(() => {
        if (!stopping) start()
      }, 100)
    })
  }
  start()
  return {
    get pid() {
      return child?.pid
    },
    kill: () => void child?.kill('SIGKILL'),
    signal: (signal) => void child?.kill(signal),
    async stop() {
      stopping = true
      const ending = child
      if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
      const gone = new Promise((resolve) => ending.once('exit', resolve))
      ending.kill('SIGTERM')
      const late = sleep(15_000, undefined, { ref: false }).then(() => ending.kill('SIGKILL'))
      await Promise.race([gone, late])
      await gone
    },
  }
}
