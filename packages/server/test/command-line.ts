import { spawn } from 'node:child_process'
import os from 'node:os'
import { fileURLToPath } from 'node:url'

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

/** Runs the real program against an office, as somebody would who pipes its output. */
export function commandLine(office: {
  readonly url: string
  readonly token: string
}): (...args: readonly string[]) => Promise<Ended> {
  return (...args) =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['--conditions=@redrive/source', main, ...args], {
        env: { ...process.env, REDRIVE_URL: office.url, REDRIVE_TOKEN: office.token },
        cwd: os.tmpdir(),
      })
      let [out, err] = ['', '']
      child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
      child.on('error', reject).on('close', (code) => resolve({ code, out, err }))
      child.stdin.end()
    })
}
