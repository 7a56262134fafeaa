import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { changeRules, createRegrouper, listCauses, previewChange } from '../packages/server/src/causes/index.ts'
import { startEmbeddedPostgres } from '../packages/server/src/store/embedded/index.ts'
import { openStore, type Store } from '../packages/server/src/store/store.ts'
import { fillLetters } from './lib/many-letters.ts'
import { percentile } from './lib/median.ts'
import { table } from './lib/table.ts'

export const summary: string =
  'regroup [--letters N]: what a merge, a split and a rule take to look at, to say and to carry out, on a durable embedded PostgreSQL'

/** A merge of the largest cause, a split of it by a header, and a rule over its whole queue, each carried out and timed batch by batch. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { letters: { type: 'string', default: '100000' } } })
  const letters = Number(values.letters)
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-bench-'))
  const server = await startEmbeddedPostgres({ dataDir: path.join(folder, 'data') })
  try {
    const store = await openStore({ url: server.url })
    const to = Date.now()
    await fillLetters(store, { letters, from: to - 30 * 86_400_000, to, onlyOrders: true, headers })
    await store.pool.query('checkpoint')
    const timed = await measure(store)
    const row = table([8, 10, 10, 10, 10, 8, 10, 12])
    row('', 'preview ms', 'said ms', 'looked at', 'moved', 's', 'letters/s', 'batch p95 ms')
    for (const { name, previewMs, saidMs, looked, moved, seconds, batchMs } of timed)
      row(
        name,
        Math.round(previewMs),
        Math.round(saidMs),
        looked,
        moved,
        seconds,
        Math.round(looked / seconds),
        batchMs,
      )
    const slowest = Math.min(...timed.map(({ looked, seconds }) => Math.round(looked / seconds)))
    const previewMs = Math.round(Math.max(...timed.map((one) => one.previewMs)))
    console.log(JSON.stringify({ bench: 'regroup', letters, lettersPerSecond: slowest, previewMs }))
    await store.close()
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

function headers(n: number): readonly { readonly name: string; readonly value: Buffer }[] {
  return [{ name: 'tenant', value: Buffer.from(`tenant-${n % 20}`) }]
}

async function measure(store: Store) {
  const causes = (await listCauses(store, { limit: 500 })).causes.toSorted((a, b) => b.letters - a.letters)
  const largest = causes[0]
  const into = causes.find(({ id, tier }) => id !== largest?.id && tier === largest?.tier)
  if (largest === undefined || into === undefined) throw new Error('there are not two causes of a tier')
  const changes = [
    ['merge', { kind: 'merge', causes: [largest.id], into: into.id }],
    ['split', { kind: 'split', cause: into.id, where: ['header:tenant=tenant-3'] }],
    [
      'rule',
      { kind: 'rule', name: 'tenants', where: ['frame~allocate.ts', 'header:tenant=tenant-1*'], per: 'header:tenant' },
    ],
  ] as const
  const timed = []
  for (const [name, change] of changes) {
    const startedAt = performance.now()
    await previewChange(store, change)
    const previewMs = performance.now() - startedAt
    const saidAt = performance.now()
    await changeRules(store, { change, by: 'bench', reason: 'bench' })
    const saidMs = performance.now() - saidAt - previewMs
    timed.push({ name, previewMs, saidMs: Math.max(0, saidMs), ...(await carryOut(store)) })
  }
  return timed
}

async function carryOut(store: Store) {
  const regrouper = createRegrouper(store)
  const batches: number[] = []
  const startedAt = performance.now()
  for (;;) {
    const batchAt = performance.now()
    if ((await regrouper.step()) === 'idle') break
    batches.push(performance.now() - batchAt)
  }
  const seconds = (performance.now() - startedAt) / 1_000
  const { rows } = await store.pool.query<{ looked: string; moved: string }>(
    'select looked, moved from regrouping order by id desc limit 1',
  )
  return { seconds, looked: Number(rows[0]?.looked), moved: Number(rows[0]?.moved), batchMs: percentile(batches, 0.95) }
}
