import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

export interface WebProgram {
  readonly command: readonly [string, ...string[]]
  readonly name: string
  /** @default that of this process */
  readonly env?: NodeJS.ProcessEnv
  /** Answers 2xx once it is ready. */
  readonly readyUrl: string
  /** Its data, removed when it ends. */
  readonly folder: string
}

/** Starts a program and waits until it answers. @returns what ends it and removes its data */
export async function startWebProgram({
  command,
  name,
  readyUrl,
  folder,
  env,
}: WebProgram): Promise<() => Promise<void>> {
  const [file, ...arguments_] = command
  const child = spawn(file, arguments_, { stdio: ['ignore', 'ignore', 'pipe'], env: env ?? process.env })
  // However this process ends.
  process.once('exit', () => child.kill('SIGKILL'))
  let log = ''
  child.stderr.on('data', (text: Buffer) => {
    log = (log + text.toString()).slice(-2_000)
  })
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  }
  for (const endMs = Date.now() + 30_000; ; await sleep(50)) {
    const isReady = await fetch(readyUrl).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return stop
    if (child.exitCode === null && Date.now() <= endMs) continue
    await stop()
    throw new Error(`${name} did not start.\n${log}`)
  }
}
