import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createPlan, defaultControl, showPlan } from '../packages/server/src/replay/index.ts'
import { startEmbeddedPostgres } from '../packages/server/src/store/embedded/index.ts'
import { openStore } from '../packages/server/src/store/store.ts'
import { fillLetters } from './lib/many-letters.ts'

/** Freezes so many letters in one plan, with a canary and the look for superseded ones, on a durable embedded PostgreSQL. */
export async function planMany(letters: number): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-bench-'))
  const server = await startEmbeddedPostgres({ dataDir: path.join(folder, 'data') })
  try {
    const store = await openStore({ url: server.url })
    const to = Date.now()
    await fillLetters(store, { letters, from: to - 86_400_000, to, bodyBytes: 1_000, onlyOrders: true })
    await store.pool.query('checkpoint')
    const before = process.memoryUsage().rss
    let peak = before
    const watching = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss)
    }, 50)
    const startedAt = performance.now()
    const id = await createPlan(store, new Map([['kafka', { capabilities: { nativeDelay: false } } as never]]), {
      selection: { query: 'queue:orders' },
      destination: 'lane',
      control: defaultControl,
      by: 'bench',
      reason: null,
      nowMs: Date.now(),
    })
    const seconds = (performance.now() - startedAt) / 1_000
    clearInterval(watching)
    const plan = await showPlan(store, id)
    if (plan.letters !== letters)
      throw new Error(`${plan.letters} of ${letters} letters: ${JSON.stringify(plan.skipped)}`)
    console.log(
      JSON.stringify({
        bench: 'plan',
        letters,
        seconds: Number(seconds.toFixed(1)),
        superseded: plan.superseded,
        addedRssMiB: Math.round((peak - before) / 1_048_576),
      }),
    )
    await store.close()
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
