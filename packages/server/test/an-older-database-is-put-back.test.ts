import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { memoryBroker } from '@redrive/worker/memory'
import { startCapture } from '../src/capture/index.ts'
import { checkLedger } from '../src/ledger/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { claimNext } from '../src/replay/claim.ts'
import { createPlan, noControl, startReplayer, startRun } from '../src/replay/index.ts'
import { takeRun } from '../src/replay/leases.ts'
import { doubtAfterRestore, watchGeneration } from '../src/restore/index.ts'
import { startEmbeddedPostgres } from '../src/store/embedded/index.ts'
import { openStore, type Store } from '../src/store/store.ts'
import { ourLetter } from '../src/testing/letters.ts'
import { temporaryFolder } from './embedded-postgres-holder.ts'
import { until } from './office-bed.ts'

async function states(store: Store): Promise<Record<string, number>> {
  const { rows } = await store.pool.query('select state::text, count(*)::int as n from letter group by 1 order by 1')
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]))
}

/** With owners and modes, as the documentation says. */
function copyFolder(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to])
}

async function planned(store: Store, broker: ReturnType<typeof memoryBroker>): Promise<string> {
  return createPlan(store, new Map([['memory', broker]]), {
    selection: { query: 'queue:orders' },
    destination: 'lane',
    by: 'test',
    reason: null,
    nowMs: Date.now(),
    control: noControl,
  })
}

/** The office's life on one data folder, up to a stop; what it does is the test's. */
async function office<T>(
  folder: string,
  work: (store: Store) => Promise<T>,
  options: { readonly isRestored?: boolean } = {},
): Promise<{ readonly doubted: number | null; readonly done: T }> {
  const server = await startEmbeddedPostgres({ dataDir: folder, durable: false })
  const store = await openStore({ url: server.url, allowUnsafe: true })
  const file = `${folder}.generation`
  try {
    const doubted = await doubtAfterRestore(store, { file, isRestored: options.isRestored ?? false })
    const generation = watchGeneration(store, { file, tell: (line) => assert.fail(line) })
    let done: T
    try {
      done = await work(store)
    } finally {
      await generation.stop()
    }
    assert.equal((await checkLedger(store)).unaccounted, 0)
    return { doubted, done }
  } finally {
    await store.close()
    await server.stop()
  }
}

async function captured(store: Store, broker: ReturnType<typeof memoryBroker>, letters: number): Promise<void> {
  await broker.prepare([
    { place: 'dead', role: 'dead-letter' },
    { place: 'orders-retries-reefer', role: 'lane' },
  ])
  await broker.send(
    'dead',
    Array.from({ length: letters }, (_, n) => ({ message: ourLetter(n) })),
  )
  const capture = startCapture({
    store,
    broker,
    brokerName: 'memory',
    source: { place: 'dead', role: 'dead-letter' },
    consumer: 'redrive',
  })
  await until('captured', async () => ((await states(store))['open'] === letters ? true : undefined))
  await capture.stop()
}

test('after a restore, letters that may have been acted on since are uncertain, not open, and nothing is sent again', async (t) => {
  using folder = temporaryFolder()
  const data = path.join(folder.path, 'data')
  const copy = path.join(folder.path, 'copy')
  const broker = memoryBroker()
  await office(data, (store) => captured(store, broker, 6))
  copyFolder(data, copy)

  await t.test('a start without a restore doubts nothing', async () => {
    const { doubted } = await office(data, async (store) => {
      const run = await startRun(store, { plan: await planned(store, broker), by: 'test' })
      const replayer = startReplayer({ store, brokers: new Map([['memory', broker]]), pollMs: 10 })
      await until('replayed', async () => ((await states(store))['replayed'] === 6 ? true : undefined))
      await replayer.stop()
      return run
    })
    assert.equal(doubted, null)
    assert.equal((await office(data, async () => undefined)).doubted, null)
  })

  await t.test('an older copy is noticed', async () => {
    rmSync(data, { recursive: true })
    copyFolder(copy, data)
    const { doubted, done } = await office(data, states)
    assert.equal(doubted, 6)
    assert.deepEqual(done, { uncertain: 6 })
    assert.equal(broker.store.places.get('orders-retries-reefer')?.held.size, 6, 'each was sent once')
    assert.equal((await office(data, async () => undefined)).doubted, null, 'once')
  })
})

test('a run that a restored database takes for unfinished does not go on', async () => {
  using folder = temporaryFolder()
  const data = path.join(folder.path, 'data')
  const broker = memoryBroker()
  await office(data, async (store) => {
    await captured(store, broker, 4)
    await startRun(store, { plan: await planned(store, broker), by: 'test' })
    await store.pool.query('update plan set pace = 4, ramp_from = 4')
    const lease = await takeRun(store)
    assert.ok(lease)
    assert.equal((await claimNext(store, lease)).kind, 'claimed')
  })
  // Nothing remembers: somebody has to say so.
  rmSync(`${data}.generation`)
  const { doubted, done } = await office(
    data,
    async (store) => {
      const replayer = startReplayer({ store, brokers: new Map([['memory', broker]]), pollMs: 10 })
      await new Promise<void>((resolve) => setImmediate(resolve))
      await replayer.stop()
      const { rows } = await store.pool.query('select state::text, problem from run')
      return { states: await states(store), run: rows[0] }
    },
    { isRestored: true },
  )
  assert.equal(doubted, 3, 'beside what was on its way')
  assert.deepEqual(done.states, { uncertain: 4 })
  assert.deepEqual(done.run, { state: 'cancelled', problem: 'the database was restored from an older copy' })
  assert.equal(broker.store.places.get('orders-retries-reefer')?.held.size, 0)
})

test('a discard that a restored database does not know of leaves its letter in doubt as well', async () => {
  using folder = temporaryFolder()
  const data = path.join(folder.path, 'data')
  const copy = path.join(folder.path, 'copy')
  await office(data, (store) => captured(store, memoryBroker(), 2))
  copyFolder(data, copy)
  await office(data, (store) =>
    discardLetters(store, { selection: { query: 'queue:orders' }, by: 'ann', reason: 'old', nowMs: Date.now() }),
  )
  rmSync(data, { recursive: true })
  copyFolder(copy, data)
  assert.deepEqual((await office(data, states)).done, { uncertain: 2 })
})
