import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.ts'
import { kafkaJars, kafkaVersion, missing } from './kafka-jars.ts'

/** A real, single Kafka broker for development and tests. It dies with the process that started it. */
export interface Kafka {
  /** `host:port` */
  readonly brokers: string
  /** Of the running broker; changes with `restart`. */
  readonly pid: number
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts again, on the same port and data, after `kill`; otherwise stops first. */
  restart(): Promise<void>
  /** SIGSTOP: connections stay open, nothing answers. */
  pause(): void
  resume(): void
  /** SIGTERM; SIGKILL after ten seconds. Removes the data unless `dataDir` was given. */
  stop(): Promise<void>
}

export interface KafkaOptions {
  /** @default a free one; the controller takes the next */
  readonly port?: number
  /** Kept after `stop`. @default a temporary folder */
  readonly dataDir?: string
  /** Added to server.properties. */
  readonly settings?: Readonly<Record<string, string>>
  /** Users of SCRAM that a new broker knows, as `--add-scram` takes them. */
  readonly scram?: readonly string[]
  readonly onProgress?: (line: string) => void
}

const startTimeoutMs = 90_000
const stopTimeoutMs = 10_000

export async function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  if (spawnSync('java', ['-version']).error !== undefined) {
    throw new Error(missing('java', `to run Kafka ${kafkaVersion}`, 'a Java runtime, 17 or newer'))
  }
  const jars = await kafkaJars(options.onProgress)
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'redrive-kafka-')))
  const port = options.port ?? (await freePort())
  const controllerPort = options.port === undefined ? await freePort() : port + 1
  const files = await configure(dataDir, { port, controllerPort, settings: options.settings ?? {} })
  const users = (options.scram ?? []).flatMap((user) => ['--add-scram', user])
  const format = ['format', '--ignore-formatted', '-t', clusterId, '-c', files.properties, ...users]
  await run(jars, ['kafka.tools.StorageTool', ...format])

  const temporary = options.dataDir === undefined ? dataDir : undefined
  let broker = await launch({ jars, files, temporary })
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (broker.child.exitCode !== null || broker.child.signalCode !== null) return
    const exited = once(broker.child, 'exit')
    broker.child.kill('SIGCONT')
    broker.child.kill(signal)
    const killed = setTimeout(() => broker.child.kill('SIGKILL'), stopTimeoutMs)
    await exited
    clearTimeout(killed)
  }
  return {
    brokers: `127.0.0.1:${String(port)}`,
    get pid() {
      return broker.child.pid ?? 0
    },
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGTERM')
      broker = await launch({ jars, files, temporary })
    },
    pause: () => void broker.child.kill('SIGSTOP'),
    resume: () => void broker.child.kill('SIGCONT'),
    async stop() {
      await end('SIGTERM')
      if (temporary !== undefined) await rm(temporary, { recursive: true, force: true })
    },
  }
}

interface Files {
  readonly properties: string
  readonly log4j: string
  readonly log: string
}

const clusterId = 'AAAAAAAAAAAAAAAAAAAAAQ'
const javaFlags = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData']

async function configure(
  dataDir: string,
  {
    port,
    controllerPort,
    settings,
  }: { port: number; controllerPort: number; settings: Readonly<Record<string, string>> },
): Promise<Files> {
  await mkdir(dataDir, { recursive: true })
  const host = '127.0.0.1'
  const values: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${host}:${String(controllerPort)}`,
    listeners: `PLAINTEXT://${host}:${String(port)},CONTROLLER://${host}:${String(controllerPort)}`,
    'advertised.listeners': `PLAINTEXT://${host}:${String(port)}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': path.join(path.resolve(dataDir), 'log'),
    'num.partitions': '3',
    // Records with old timestamps would vanish otherwise.
    'log.retention.ms': '-1',
    'default.replication.factor': '1',
    'min.insync.replicas': '1',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'log.cleaner.dedupe.buffer.size': '2097152',
    ...settings,
  }
  const files: Files = {
    properties: path.join(dataDir, 'server.properties'),
    log4j: path.join(dataDir, 'log4j2.properties'),
    log: path.join(dataDir, 'server.log'),
  }
  const lines = Object.entries(values).map(([key, value]) => `${key}=${value}\n`)
  await writeFile(files.properties, lines.join(''))
  await writeFile(files.log4j, log4j)
  return files
}

const log4j = `rootLogger.level=info
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1} %m%n
`

async function launch(options: {
  jars: string
  files: Files
  temporary: string | undefined
}): Promise<{ child: ChildProcess }> {
  const { jars, files, temporary } = options
  const log = openSync(files.log, 'w')
  const args = [
    ...javaFlags,
    '-cp',
    `${jars}/*`,
    `-Dlog4j2.configurationFile=${files.log4j}`,
    'kafka.Kafka',
    files.properties,
  ]
  // In a session of its own, so that Ctrl-C stops it through us and in order.
  const child = spawn('java', args, { stdio: ['ignore', log, log], detached: true })
  closeSync(log)
  watch(child, temporary)
  const deadline = Date.now() + startTimeoutMs
  for (;;) {
    const text = await readFile(files.log, 'utf8')
    if (text.includes('Kafka Server started')) return { child }
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`Kafka did not start:\n${text.split('\n').slice(-12).join('\n')}`)
    }
    await sleep(50)
  }
}

/** A shell that waits on a pipe only we hold: when we die, however that happens, it ends the broker and removes its data. */
function watch(child: ChildProcess, temporary: string | undefined): void {
  const script = 'read -r line; [ "$line" = done ] || { kill -9 "$1"; sleep 1; [ -z "$2" ] || rm -rf "$2"; }'
  const watchdog = spawn('/bin/sh', ['-c', script, 'sh', String(child.pid), temporary ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watchdog.stdin.on('error', () => {})
  child.once('exit', () => watchdog.stdin.end('done\n'))
  watchdog.unref()
}

async function run(jars: string, args: readonly string[]): Promise<void> {
  const child = spawn('java', [...javaFlags, '-cp', `${jars}/*`, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  let error = ''
  child.stderr.on('data', (chunk: Buffer) => {
    error = (error + chunk.toString()).slice(-4000)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${args[0] ?? 'java'} ended with ${String(code)}:\n${error}`)
}

async function main(): Promise<void> {
  const at = process.argv.indexOf('--port')
  const port = at === -1 ? undefined : Number(process.argv[at + 1])
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_535)) {
    throw new Error('--port takes a number from 1 to 65534')
  }
  const kafka = await startKafka({
    ...(port === undefined ? {} : { port }),
    onProgress: (line) => process.stderr.write(`kafka: ${line}\n`),
  })
  process.stdout.write(`${kafka.brokers}\n`)
  process.stderr.write(
    `kafka: version ${kafkaVersion}, pid ${String(kafka.pid)}; Ctrl-C stops it and removes its data\n`,
  )
  let stopping = false
  const stop = (): void => {
    if (stopping) return
    stopping = true
    void kafka.stop().then(() => process.exit(0))
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  // The broker's own end is the end of this program.
  const alive = setInterval(() => {
    try {
      process.kill(kafka.pid, 0)
    } catch {
      clearInterval(alive)
      if (!stopping) process.exit(1)
    }
  }, 500)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main().catch((error: unknown) => {
    process.stderr.write(`kafka: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  })
}
