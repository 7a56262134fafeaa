import { execFile } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { debianProgram, type Progress } from './debian-program.ts'
import { freePort } from './free-port.ts'
import { unpackedProgram } from './unpacked-program.ts'
import { startWebProgram } from './web-program.ts'

const release = { suite: 'bookworm', version: '2.42.0' } as const

export interface PrometheusServer {
  readonly url: string
  /** The answer of its HTTP API below `/api/v1`. */
  ask(path: string): Promise<unknown>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

const tree = (progress: Progress): Promise<string> =>
  debianProgram(`prometheus-${release.version}`, { ...release, packageName: 'prometheus' }, progress)

/** What `promtool` says to a command, on standard input if there is any. @throws with what it printed when it finds something wrong */
export async function promtool(arguments_: readonly string[], input = '', progress: Progress = {}): Promise<string> {
  const [file, ...before] = await unpackedProgram(await tree(progress), 'usr/bin/promtool')
  const running = promisify(execFile)(file, [...before, ...arguments_])
  running.child.stdin?.end(input)
  const { stdout, stderr } = await running.catch((error: { readonly stdout: string; readonly stderr: string }) => {
    throw new Error(`promtool ${arguments_.join(' ')}:\n${error.stdout}${error.stderr}`)
  })
  return stdout + stderr
}

/**
 * A real Prometheus 2.42.0, unpacked once into the cache folder, with its data in a temporary folder. Needs Debian's apt.
 * @param options.config `prometheus.yml`
 */
export async function startPrometheus(options: Progress & { readonly config: string }): Promise<PrometheusServer> {
  const [file, ...before] = await unpackedProgram(await tree(options), 'usr/bin/prometheus')
  const folder = await mkdtemp(join(tmpdir(), 'redrive-prometheus-'))
  await writeFile(join(folder, 'prometheus.yml'), options.config)
  const url = `http://127.0.0.1:${await freePort()}`
  const stop = await startWebProgram({
    name: 'Prometheus',
    folder,
    readyUrl: `${url}/-/ready`,
    command: [
      file,
      ...before,
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${new URL(url).host}`,
    ],
  })
  return {
    url,
    stop,
    async ask(path) {
      const answer = await fetch(`${url}/api/v1${path}`)
      return answer.json()
    },
  }
}
