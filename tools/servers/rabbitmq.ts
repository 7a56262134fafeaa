import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { debianProgram } from './debian-program.ts'
import { freePort, isFree } from './free-port.ts'
import { testPem } from './test-pem.ts'

const releases = {
  4: { suite: 'trixie', version: '4.0.5' },
  3: { suite: 'bookworm', version: '3.10.8' },
} as const

export interface RabbitmqOptions {
  /** @default a free port */
  readonly port?: number
  /** 4 is RabbitMQ 4.0.5, 3 is 3.10.8. @default 4 */
  readonly version?: 3 | 4
  /** Keys of the application `rabbit`, those of its advanced configuration too. */
  readonly settings?: Readonly<Record<string, number>>
  /** With its HTTP API, which takes some seconds more to start. @default false */
  readonly withManagement?: boolean
  /** Also over TLS, for who has a certificate of the test authority. @default false */
  readonly withTls?: boolean
  readonly onProgress?: (line: string) => void
}

export interface RabbitmqServer {
  readonly url: string
  /** Of its HTTP API; `null` unless it was asked for. */
  readonly managementUrl: string | null
  /** Over TLS; `null` unless it was asked for. */
  readonly tlsUrl: string | null
  readonly port: number
  readonly version: string
  /** Process that holds the server and dies with it; another one after `restart`. */
  readonly pid: number
  /** SIGKILL: the data stays. */
  kill(): Promise<void>
  /** Kills it if it runs, and starts it on the same port and data. */
  restart(): Promise<void>
  /** SIGSTOP: connections stay open and nobody answers. */
  pause(): void
  resume(): void
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/**
 * A real RabbitMQ, unpacked once into the cache folder (`REDRIVE_CACHE`, else `~/.cache/redrive`), with its data in a temporary
 * folder. Any number may run at once. Needs Debian's apt, and root or user namespaces. It dies with this process.
 */
export async function startRabbitmq(options: RabbitmqOptions = {}): Promise<RabbitmqServer> {
  const { suite, version } = releases[options.version ?? 4]
  const essential = ['coreutils', 'dash', 'sed', 'grep', 'mawk']
  const tree = { suite, version, packageName: 'rabbitmq-server', essential }
  const root = await debianProgram(`rabbitmq-${version}`, tree, options)
  const data = await mkdtemp(join(tmpdir(), 'redrive-rabbitmq-'))
  if (options.port !== undefined && !(await isFree(options.port))) throw new Error(`port ${options.port} is taken`)
  const port = options.port ?? (await freePort())
  const [distPort, epmdPort] = [await freePort(), await freePort()]
  const managementPort = options.withManagement === true ? await freePort() : null
  const tlsPort = options.withTls === true ? await freePort() : null
  await writeConfiguration(data, { port, managementPort, tlsPort })
  const how = { root, data, port, distPort, epmdPort, settings: options.settings ?? {} }
  let child = await launch(how).catch(async (error: unknown) => {
    await rm(data, { recursive: true, force: true })
    throw error
  })
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    await closed(port)
  }
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    managementUrl: managementPort === null ? null : `http://guest:guest@127.0.0.1:${managementPort}`,
    tlsUrl: tlsPort === null ? null : `amqps://guest:guest@localhost:${tlsPort}`,
    port,
    version,
    get pid() {
      return child.pid ?? 0
    },
    kill,
    async restart() {
      await kill()
      child = await launch(how)
    },
    pause: () => signalTree(child.pid ?? 0, 'SIGSTOP'),
    resume: () => signalTree(child.pid ?? 0, 'SIGCONT'),
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
  readonly distPort: number
  readonly epmdPort: number
  readonly settings: Readonly<Record<string, number>>
}

/**
 * Process 1 of the namespace: its end is the end of everything in it. It ends with the server, or when the pipe on descriptor 3
 * breaks because the process that started it is gone, however that died.
 */
const init = `
trap 'exit 143' TERM
set -e
mount --bind "$DATA" "$ROOT/data"
mount --rbind /dev "$ROOT/dev"
mount --bind "$DATA/tmp" "$ROOT/tmp"
set +e
chroot "$ROOT" "$@" 3<&- &
server=$!
{ read -r _ <&3; kill -TERM 1; } &
wait $server
`

async function launch({ root, data, port, distPort, epmdPort, settings }: Launch): Promise<ChildProcess> {
  const isRoot = process.getuid?.() === 0
  const rabbitArgs = Object.entries(settings)
    .map(([key, value]) => ` -rabbit ${key} ${value}`)
    .join('')
  const child = spawn(
    'unshare',
    [
      ...(isRoot ? [] : ['--user', '--map-root-user']),
      ...['--mount', '--pid', '--fork', '--kill-child', `--mount-proc=${join(root, 'proc')}`],
      ...['/bin/sh', '-c', init, 'rabbitmq', '/usr/bin/env', '-i'],
      ...['HOME=/data/home', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'],
      ...[`ERL_EPMD_PORT=${epmdPort}`, 'ERL_EPMD_ADDRESS=127.0.0.1', `RABBITMQ_DIST_PORT=${distPort}`],
      ...['RABBITMQ_NODENAME=redrive@localhost', 'RABBITMQ_CONFIG_FILE=/data/rabbitmq.conf'],
      ...['RABBITMQ_ENABLED_PLUGINS_FILE=/data/enabled_plugins', 'RABBITMQ_MNESIA_BASE=/data/mnesia'],
      ...['RABBITMQ_LOG_BASE=/data/log', 'RABBITMQ_PID_FILE=/data/rabbit.pid'],
      `RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}${rabbitArgs}`,
      '/usr/lib/rabbitmq/bin/rabbitmq-server',
    ],
    // Debian leaves the folder of chroot out of the PATH of everybody but root.
    {
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, ROOT: root, DATA: data },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  )
  const log = createWriteStream(join(data, 'server.log'), { flags: 'a' })
  child.stdout?.pipe(log)
  child.stderr?.pipe(log)
  const failed = once(child, 'error').then(([error]) => {
    throw new Error('needs unshare (util-linux)', { cause: error })
  })
  await Promise.race([failed, answered(child, { port, timeoutMs: 120_000 })]).catch(async (error: unknown) => {
    child.kill('SIGKILL')
    const tail = (await readFile(join(data, 'server.log'), 'utf8').catch(() => '')).split('\n').slice(-12).join('\n')
    const hint = isRoot ? '' : ' It needs root or unprivileged user namespaces.'
    throw new Error(`RabbitMQ did not start.${hint}\n${tail}`, { cause: error })
  })
  return child
}

/** As the server sees its files. */
const overTls = [
  'ssl_options.cacertfile = /data/ca.pem',
  'ssl_options.certfile = /data/server.pem',
  'ssl_options.keyfile = /data/server-key.pem',
  'ssl_options.verify = verify_peer',
  'ssl_options.fail_if_no_peer_cert = true',
]

async function writeConfiguration(
  data: string,
  {
    port,
    managementPort,
    tlsPort,
  }: { readonly port: number; readonly managementPort: number | null; readonly tlsPort: number | null },
): Promise<void> {
  for (const folder of ['mnesia', 'log', 'home', 'tmp']) await mkdir(join(data, folder))
  for (const name of ['ca', 'server', 'server-key'] as const)
    await writeFile(join(data, `${name}.pem`), testPem(name), { mode: 0o644 })
  const settings = [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    'loopback_users = none',
    'log.console = true',
    'log.console.level = warning',
    'log.file = false',
    'disk_free_limit.absolute = 50MB',
    'vm_memory_high_watermark.absolute = 512MB',
    ...(tlsPort === null ? [] : [`listeners.ssl.1 = 127.0.0.1:${tlsPort}`, ...overTls]),
    ...(managementPort === null ? [] : [`management.tcp.port = ${managementPort}`, 'management.tcp.ip = 127.0.0.1']),
  ]
  await writeFile(join(data, 'rabbitmq.conf'), `${settings.join('\n')}\n`)
  await writeFile(join(data, 'enabled_plugins'), managementPort === null ? '[].\n' : '[rabbitmq_management].\n')
  await writeFile(join(data, 'home/.erlang.cookie'), crypto.randomUUID(), { mode: 0o400 })
}

/** An open port is not enough: the server is up when it answers the protocol header. */
async function answered(child: ChildProcess, { port, timeoutMs }: { port: number; timeoutMs: number }): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the server process ended')
    if (await speaksAmqp(port)) return
    await sleep(50)
  }
  throw new Error(`no answer within ${timeoutMs} ms`)
}

function speaksAmqp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 })
    const end = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => socket.write('AMQP\u0000\u0000\u0009\u0001'))
    socket.once('data', () => end(true))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
    socket.once('timeout', () => end(false))
  })
}

async function closed(port: number): Promise<void> {
  const deadline = Date.now() + 5_000
  while (Date.now() < deadline && (await speaksAmqp(port))) await sleep(10)
}

function signalTree(pid: number, signal: NodeJS.Signals): void {
  let children = ''
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    process.kill(pid, signal)
  } catch {
    return
  }
  for (const child of children.split(' ')) if (child.trim() !== '') signalTree(Number(child), signal)
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string' }, version: { type: 'string' } } })
  const server = await startRabbitmq({
    port: Number(values.port ?? 5672),
    version: values.version === '3' ? 3 : 4,
    onProgress: (line) => console.error(line),
  })
  console.log(
    `RabbitMQ ${server.version} at ${server.url} (process ${server.pid}); Ctrl-C stops it and removes its data`,
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void server.stop().then(() => process.exit(0)))
  }
}
