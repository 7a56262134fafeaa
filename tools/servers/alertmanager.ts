import { execFile } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { debianProgram, type Progress } from './debian-program.ts'
import { freePort } from './free-port.ts'
import { unpackedProgram } from './unpacked-program.ts'
import { startWebProgram } from './web-program.ts'

const program = 'prometheus-alertmanager'
const release = { suite: 'bookworm', version: '0.25.0' } as const

export interface AlertmanagerServer {
  readonly url: string
  /** The answer of its HTTP API below `/api/v2`. */
  ask(path: string): Promise<unknown>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

const tree = (progress: Progress): Promise<string> =>
  debianProgram(`alertmanager-${release.version}`, { ...release, packageName: program }, progress)

export async function alertmanagerVersion(progress: Progress = {}): Promise<string> {
  const [file, ...before] = await unpackedProgram(await tree(progress), `usr/bin/${program}`)
  const { stdout, stderr } = await promisify(execFile)(file, [...before, '--version'])
  return (stdout + stderr).split(' (')[0] ?? ''
}

/** Debian's build reads its templates from one place only, so it sees its own tree as the whole system. */
const inRoot = 'root=$1; data=$2; shift 2; mount --bind "$data" "$root/data" && exec chroot "$root" "$@"'

/**
 * A real Alertmanager 0.25.0, unpacked once into the cache folder, with its data in a temporary folder. Needs Debian's apt, and root or
 * unprivileged user namespaces.
 * @param options.config `alertmanager.yml`
 */
export async function startAlertmanager(options: Progress & { readonly config: string }): Promise<AlertmanagerServer> {
  const root = await tree(options)
  const folder = await mkdtemp(join(tmpdir(), 'redrive-alertmanager-'))
  await writeFile(join(folder, 'alertmanager.yml'), options.config)
  const url = `http://127.0.0.1:${await freePort()}`
  // Debian leaves the folder of chroot out of the PATH of everybody but root.
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` }
  const stop = await startWebProgram({
    env,
    name: 'Alertmanager',
    folder,
    readyUrl: `${url}/-/ready`,
    command: [
      'unshare',
      ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
      ...['--mount', '/bin/sh', '-c', inRoot, 'alertmanager', root, folder],
      `/usr/bin/${program}`,
      '--config.file=/data/alertmanager.yml',
      '--storage.path=/data/data',
      `--web.listen-address=${new URL(url).host}`,
      '--cluster.listen-address=',
    ],
  })
  return {
    url,
    stop,
    async ask(path) {
      const answer = await fetch(`${url}/api/v2${path}`)
      return answer.json()
    },
  }
}
