import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { check, type Verdict } from './checker.ts'
import { numbersIn } from './checks/history.ts'
import { cutConnections } from './cuts.ts'
import { freeze } from './freeze.ts'
import { jumpClocks } from './jumps.ts'
import { killProcesses } from './kills.ts'
import { officeClient } from './office-client.ts'
import { startOperator } from './operator.ts'
import { startProducer } from './producer.ts'
import { randomFrom } from './random.ts'
import { settle } from './settle.ts'
import { fillDisk, smallDisk } from './small-disk.ts'
import { embeddedDatabaseUrl, embeddedQueue, startOffice, startWorker } from './stack.ts'
import { startTarget, type TargetName } from './targets/index.ts'
import { until } from './until.ts'

export interface TortureOptions {
  readonly target: TargetName
  readonly kills: number
  readonly cuts: number
  /** Times that a process stands still for longer than its lease. */
  readonly freezes: number
  /** Times that the clock of the office or the worker is set forward or back. */
  readonly jumps: number
  /** Times that the disk of the database is full for a while; only on a small one of its own. */
  readonly fills: number
  readonly seed: number
  /** So many stacks run side by side, and share the load of one. @default 1 */
  readonly stacks?: number
  /** Root of the code under torture; another one is a broken build. */
  readonly root: string
  /** Only these are killed. @default all */
  readonly victims?: readonly string[]
  /** How long everything may take to come to its end after the last fault. @default 240,000 */
  readonly settleMs?: number
  readonly say: (line: string) => void
}

export interface TortureResult extends Verdict {
  readonly kills: number
  readonly cuts: number
  readonly freezes: number
  readonly jumps: number
  readonly fills: number
  readonly produced: number
  readonly unaccounted: number
  /** How often each part was hit: a run that never hit one proves nothing about it. */
  readonly census: Readonly<Record<string, number>>
  /** What the operator ordered with success. */
  readonly orders: Readonly<Record<string, number>>
  readonly settled: boolean
  readonly seconds: number
  readonly seed: number
}

/** A RabbitMQ node that is killed right after the declaration of a queue may come back without its only member, and nobody can use the queue again. */
const queuesKeptMs = 2_000

/** Kills, cuts and freezes everything at random moments under load, lets it settle, and compares the histories. */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const { say, root, seed } = options
  const startedMs = performance.now()
  const folder = mkdtempSync(path.join(tmpdir(), 'redrive-torture-'))
  // What the checker reads stays where nothing is full.
  const disk = smallDisk ?? folder
  const data = path.join(disk, 'data')
  const sink = path.join(folder, 'sink.jsonl')
  const handled = numbersIn(sink)
  mkdirSync(data)
  const target = await startTarget(options.target, disk)
  const closers: (() => Promise<void>)[] = [() => target.stop()]
  const census: Record<string, number> = {}
  const hit = (what: string): void => {
    census[what] = (census[what] ?? 0) + 1
  }
  const officeKilledAtMs: number[] = []
  try {
    const office = startOffice({ target, root, folder, data })
    closers.push(() => office.stop())
    let talkingTo = data
    const client = officeClient(() => talkingTo)
    const operator = startOperator(client, randomFrom(seed + 1))
    closers.push(() => operator.stop())
    await until('the office is open', 60_000, () => operator.status()).catch((error: Error) => {
      const log = readFileSync(path.join(folder, 'office.log'), 'utf8').slice(-1_500)
      throw new Error(`${error.message}; its log ends:\n${log}`)
    })
    const queue = target.producerQueue ?? embeddedQueue(data)
    const worker = startWorker({ root, folder, queue: target.workerQueue, sink })
    closers.push(() => worker.stop())
    const producer = startProducer({
      queue,
      among: options.stacks ?? 1,
      random: randomFrom(seed),
      // Otherwise an hour of discards would leave no room, and one of messages that were handled twice too much.
      ended: () => handled().size + (operator.orders['discard'] ?? 0),
    })
    closers.push(() => producer.stop())
    const databaseUrl = target.database?.url ?? embeddedDatabaseUrl(data)

    await until('the first message is handled', 60_000, async () => {
      if (handled().size === 0) throw new Error('none is')
    })
    await sleep(queuesKeptMs)
    const cutting = cutConnections({
      lines: target.lines,
      cuts: options.cuts,
      random: randomFrom(seed + 2),
      isOpen: () => operator.status(),
      hit,
    })
    const jumping = jumpClocks({
      jumps: options.jumps,
      random: randomFrom(seed + 4),
      folder,
      parts: { office, worker },
      hit,
    })
    // Told when they are waited for.
    for (const each of [cutting, jumping]) each.catch(() => undefined)
    await killProcesses({
      kills: options.kills,
      random: randomFrom(seed + 3),
      parts: { office, worker, target, data },
      only: options.victims,
      isOpen: () => operator.status(),
      hit(what) {
        hit(what)
        if (what.startsWith('office')) officeKilledAtMs.push(Date.now())
      },
      onProgress: (kills) => {
        if (kills % 25 === 0)
          say(`${kills}/${options.kills} kills, ${producer.sent.size} messages, ${handled().size} handled`)
      },
    })
    const cuts = await cutting
    await jumping
    for (let freezes = 0; freezes < options.freezes; freezes += 1) {
      await freeze({
        what: freezes % 2 === 0 ? 'office' : 'worker',
        parts: { office, worker, target, root, folder },
        talkTo: (where) => {
          talkingTo = where ?? data
        },
        isOpen: () => operator.status(),
      })
      hit('freeze')
    }
    for (let fills = 0; fills < options.fills && smallDisk !== null; fills += 1) {
      await until('the office is open', 60_000, () => operator.status())
      const empty = fillDisk(smallDisk)
      await sleep(6_000)
      empty()
      hit('full disk')
      await sleep(4_000)
    }
    await producer.stop()
    operator.finish()
    const settled = await settle({
      operator,
      produced: producer.sent,
      handled,
      databaseUrl,
      say,
      settleMs: options.settleMs ?? 240_000,
    })
    await operator.stop()
    const { unaccounted } = await until('the books can be read', 60_000, () => operator.status())
    const verdict = await check({ databaseUrl, produced: producer.sent, sink, stops: operator.stops, officeKilledAtMs })
    return {
      kills: options.kills,
      cuts,
      freezes: options.freezes,
      jumps: options.jumps,
      fills: options.fills,
      produced: producer.sent.size,
      ...verdict,
      unaccounted,
      census,
      orders: operator.orders,
      settled,
      seconds: Math.round((performance.now() - startedMs) / 1_000),
      seed,
    }
  } finally {
    for (const close of closers.toReversed()) await close().catch((error: unknown) => say(String(error)))
    if (process.env['REDRIVE_TORTURE_KEEP'] === undefined) rmSync(folder, { recursive: true, force: true })
    else say(`kept in ${folder}`)
  }
}

/** Nothing lost, nothing doubled or sent against somebody's word, the books balance, and everything came to its end. */
export function isClean(result: TortureResult): boolean {
  const { lost, duplicatedUnknowingly, sentAfterStop, altered, stranded, unaccounted, settled } = result
  return settled && lost + duplicatedUnknowingly + sentAfterStop + altered + stranded + unaccounted === 0
}
