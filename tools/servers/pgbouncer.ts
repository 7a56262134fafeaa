import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { debianProgram, type Progress } from './debian-program.ts'
import { freePort } from './free-port.ts'
import { unpackedProgram } from './unpacked-program.ts'

const release = { suite: 'bookworm', version: '1.18.0' } as const

const isRoot = process.getuid?.() === 0

const tree = (progress: Progress): Promise<string> =>
  debianProgram(`pgbouncer-${release.version}`, { ...release, packageName: 'pgbouncer' }, progress)

/** Fetches it if need be. */
export async function pgbouncerVersion(progress: Progress = {}): Promise<string> {
  await tree(progress)
  return release.version
}

/**
 * A real PgBouncer 1.18.0, unpacked once into the cache folder, in front of all databases of a server. Needs Debian's apt, but no root.
 * @param options.to the address of a database of the server
 * @param options.mode `transaction`: a connection to the server is somebody else's after each transaction
 * @returns the same address behind it, and what ends it
 */
export async function startPgbouncer(
  options: Progress & { readonly to: string; readonly mode: 'session' | 'transaction' },
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const to = new URL(options.to)
  const socket = to.searchParams.get('host')
  const folder = await mkdtemp(join(tmpdir(), 'redrive-pgbouncer-'))
  const port = await freePort()
  const ini = `[databases]
* = host=${socket ?? to.hostname} port=${to.searchParams.get('port') ?? (to.port || '5432')} user=${to.username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${options.mode}
default_pool_size = 40
max_client_conn = 100
`
  await writeFile(join(folder, 'pgbouncer.ini'), ini)
  // It does not run as root, and has to reach its file and the server's socket.
  await chmod(folder, 0o755)
  if (socket !== null && isRoot) await chmod(dirname(socket), 0o711)
  const [file, ...before] = await unpackedProgram(await tree(options), 'usr/sbin/pgbouncer')
  const asNobody = isRoot ? ['-u', 'nobody'] : []
  const child = spawn(file, [...before, ...asNobody, join(folder, 'pgbouncer.ini')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  process.once('exit', () => child.kill('SIGKILL'))
  let log = ''
  child.stderr.on('data', (text: Buffer) => {
    log = (log + text.toString()).slice(-2_000)
  })
  for (const endMs = Date.now() + 20_000; !log.includes('process up'); await sleep(20)) {
    if (child.exitCode !== null || Date.now() > endMs) throw new Error(`PgBouncer did not start.\n${log}`)
  }
  const url = new URL(options.to)
  url.search = ''
  url.hostname = '127.0.0.1'
  url.port = String(port)
  return {
    url: url.href,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}
