import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { debianProgram } from './debian-program.ts'
import { freePort } from './free-port.ts'
import { unpackedProgram } from './unpacked-program.ts'

const release = { suite: 'bookworm', version: '5%3a7.0.15' } as const

export interface RedisServer {
  readonly url: string
  readonly port: number
  /** SIGKILL: the data stays. */
  kill(): Promise<void>
  /** Kills it if it runs, and starts it on the same port and data. */
  restart(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/**
 * A real Redis 7.0.15, unpacked once into the cache folder (`REDRIVE_CACHE`, else `~/.cache/redrive`), with its data in a temporary
 * folder and every write on disk before its answer. Needs Debian's apt, but neither root nor namespaces. It dies with this process.
 */
export async function startRedis(
  options: { readonly port?: number; readonly onProgress?: (line: string) => void } = {},
): Promise<RedisServer> {
  const root = await debianProgram('redis-7.0.15', { ...release, packageName: 'redis-server' }, options)
  const data = await mkdtemp(join(tmpdir(), 'redrive-redis-'))
  const port = options.port ?? (await freePort())
  let child = await launch({ root, data, port })
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    cut(child)
    await exited
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    async restart() {
      await kill()
      child = await launch({ root, data, port })
    },
    async stop() {
      await kill()
      await rm(data, { recursive: true, force: true })
    },
  }
}

interface Launch {
  readonly root: string
  readonly data: string
  readonly port: number
}

/** The server dies when the pipe on descriptor 3 breaks: by `cut`, or because the process that started it is gone, however that died. */
const guarded = `
"$@" 3<&- &
server=$!
{ read -r _ <&3; kill -KILL $server; } &
wait $server
kill $!
`

function cut(child: ChildProcess): void {
  child.stdio[3]?.destroy()
}

async function launch({ root, data, port }: Launch): Promise<ChildProcess> {
  const command = await unpackedProgram(root, 'usr/bin/redis-server')
  const settings = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '', '--daemonize', 'no']
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', data]
  const child = spawn('/bin/sh', ['-c', guarded, 'redis', ...command, ...place, ...settings], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text: Buffer) => {
      log = (log + text.toString()).slice(-2_000)
    })
  const endMs = Date.now() + 20_000
  while (!(await answers(port))) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > endMs) {
      cut(child)
      throw new Error(`Redis did not start.\n${log}`)
    }
    await sleep(20)
  }
  return child
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 })
    const end = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => socket.write('PING\r\n'))
    socket.once('data', (text) => end(text.toString().startsWith('+PONG')))
    for (const event of ['error', 'close', 'timeout'] as const) socket.once(event, () => end(false))
  })
}
