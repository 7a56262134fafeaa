import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { stringify } from 'yaml'
import type { DemoQueue } from '../packages/server/src/demo/demo-broker.ts'
import { check, sinkLines, type Verdict } from './checker.ts'
import type { TortureMessage } from './messages.ts'
import { type Operator, startOperator } from './operator.ts'
import { startProducer } from './producer.ts'
import { randomFrom } from './random.ts'
import { supervise } from './supervised.ts'
import { startTarget, type Target } from './target.ts'

export interface TortureOptions {
  readonly target: Target['name']
  readonly kills: number
  readonly seed: number
  /** Root of the code under torture; another one is a broken build. */
  readonly root: string
  /** Only these are killed. @default all */
  readonly victims?: readonly string[]
  /** How long everything may take to come to its end after the last kill. @default 180,000 */
  readonly settleMs?: number
  readonly say: (line: string) => void
}

export interface TortureResult extends Verdict {
  readonly kills: number
  readonly produced: number
  readonly unaccounted: number
  /** How often each part was killed: a run that never hit one proves nothing about it. */
  readonly census: Readonly<Record<string, number>>
  readonly settled: boolean
  readonly seed: number
}

/** Kills everything at random moments under load, lets it settle, and compares the histories. */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const { say, root } = options
  const random = randomFrom(options.seed)
  const folder = mkdtempSync(path.join(tmpdir(), 'redrive-torture-'))
  const target = await startTarget(options.target)
  const data = path.join(folder, 'data')
  const sink = path.join(folder, 'sink.jsonl')
  mkdirSync(data)
  const connection = { ...target.config, deadLetters: ['orders-dead-letter'] }
  writeFileSync(
    path.join(folder, 'redrive.yaml'),
    stringify({ data, http: { port: 0 }, brokers: { main: connection }, outcomeWindowMinutes: 60 }),
  )
  const office = supervise({
    script: path.join(root, 'packages/server/src/cli/main.ts'),
    args: ['serve', '--config', path.join(folder, 'redrive.yaml')],
    env: target.env,
    log: path.join(folder, 'office.log'),
    cwd: folder,
  })
  const operator = startOperator(data)
  const closers: (() => Promise<void>)[] = [() => target.stop(), () => office.stop(), () => operator.stop()]
  try {
    await until('the office is open', 20_000, () => operator.status()).catch((error: Error) => {
      throw new Error(
        `${error.message}; its log ends:\n${readFileSync(path.join(folder, 'office.log'), 'utf8').slice(-1_500)}`,
      )
    })
    const queue = target.queue ?? embeddedQueue(data)
    const worker = supervise({
      script: path.join(root, 'torture/worker-process.ts'),
      env: { REDRIVE_TORTURE_WORKER: JSON.stringify({ queue, sink }) },
      log: path.join(folder, 'worker.log'),
      cwd: root,
    })
    closers.push(() => worker.stop())
    const producer = startProducer(queue, random)
    closers.push(() => producer.stop())
    const census: Record<string, number> = {}
    const all: readonly (readonly [string, () => void | Promise<void>])[] = [
      ['worker', () => worker.kill()],
      ['office', () => office.kill()],
      ['database', () => killDatabase(data)],
      ...(target.kill === null ? [] : [['broker', target.kill] as const]),
    ]
    const victims = all.filter(([name]) => options.victims?.includes(name) ?? true)
    for (let kills = 0; kills < options.kills; kills += 1) {
      // Mostly everything is up again and under load before the next kill; sometimes it is still coming up.
      if (random() < 0.75) await until('the office is open', 30_000, () => operator.status())
      await sleep(300 + random() * 1_500)
      const [name, kill] = victims[Math.floor(random() * victims.length)] ?? victims[0] ?? ['', () => undefined]
      await kill()
      census[name] = (census[name] ?? 0) + 1
      if ((kills + 1) % 10 === 0)
        say(`${kills + 1}/${options.kills} kills, ${producer.sent.size} messages, ${sinkLines(sink).length} handled`)
    }
    await producer.stop()
    const settled = await settle({
      operator,
      produced: producer.sent,
      sink,
      data,
      say,
      settleMs: options.settleMs ?? 180_000,
    })
    await operator.stop()
    const { unaccounted } = await until('the books can be read', 60_000, () => operator.status())
    const verdict = await check({ databaseUrl: databaseUrlOf(data), produced: producer.sent, sink })
    return {
      kills: options.kills,
      produced: producer.sent.size,
      ...verdict,
      unaccounted,
      census,
      settled,
      seed: options.seed,
    }
  } finally {
    for (const close of closers.toReversed()) await close().catch((error: unknown) => say(String(error)))
    if (process.env['REDRIVE_TORTURE_KEEP'] === undefined) rmSync(folder, { recursive: true, force: true })
    else say(`kept in ${folder}`)
  }
}

function embeddedQueue(data: string): DemoQueue {
  const url = new URL(databaseUrlOf(data))
  url.pathname = '/redrive_queue'
  return { type: 'pg-boss', url: url.toString() }
}

function databaseUrlOf(data: string): string {
  const cluster = path.join(realpathSync(data), 'postgres-18')
  return `postgres://redrive@localhost:5432/redrive?host=${encodeURIComponent(cluster)}`
}

/** The postmaster alone: its backends follow it, and the office has to start it again. */
function killDatabase(data: string): void {
  try {
    process.kill(
      Number(readFileSync(path.join(data, 'postgres-18', 'postmaster.pid'), 'utf8').split('\n')[0]),
      'SIGKILL',
    )
  } catch {
    // It is down already: the office was killed a moment ago.
  }
}

/** Nothing is killed any more: everything that was sent has to come to an end. */
async function settle(run: {
  readonly operator: Operator
  readonly produced: ReadonlySet<number>
  readonly sink: string
  readonly data: string
  readonly say: (line: string) => void
  readonly settleMs: number
}): Promise<boolean> {
  const untilMs = performance.now() + run.settleMs
  for (let quiet = 0; performance.now() < untilMs; ) {
    await sleep(1_000)
    const open = await run.operator.status().catch(() => null)
    if (open === null) continue
    const { letters } = open
    const moving = (letters['open'] ?? 0) + (letters['replaying'] ?? 0)
    const missing = await unhandled(run).catch(() => 1)
    quiet = moving + missing === 0 ? quiet + 1 : 0
    if (quiet >= 5) return true
  }
  run.say('it did not settle')
  return false
}

/** Messages neither handled nor uncertain: they have to be on their way. */
async function unhandled(run: {
  readonly produced: ReadonlySet<number>
  readonly sink: string
  readonly data: string
}): Promise<number> {
  const handled = new Set(sinkLines(run.sink).map(({ n }) => n))
  const client = new pg.Client({ connectionString: databaseUrlOf(run.data) })
  await client.connect()
  try {
    const { rows } = await client.query<{ body: Buffer }>(
      `select c.body from redrive.letter l join redrive.letter_content c on c.id = l.id where l.state = 'uncertain'`,
    )
    for (const { body } of rows) handled.add((JSON.parse(body.toString('utf8')) as TortureMessage).n)
  } finally {
    await client.end()
  }
  return [...run.produced].filter((n) => !handled.has(n)).length
}

async function until<T>(what: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const untilMs = performance.now() + timeoutMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (performance.now() > untilMs) throw new Error(`${what}: not within ${timeoutMs / 1_000} s (${String(error)})`)
      await sleep(200)
    }
  }
}
