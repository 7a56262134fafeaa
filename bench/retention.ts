import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { openArchivePlace, restoreLetters } from '../packages/server/src/archive/index.ts'
import { defaultRetention } from '../packages/server/src/config/index.ts'
import { checkLedger } from '../packages/server/src/ledger/index.ts'
import { beginPass, carryOutPass } from '../packages/server/src/retention/index.ts'
import { startEmbeddedPostgres } from '../packages/server/src/store/embedded/index.ts'
import { openStore, type Store } from '../packages/server/src/store/store.ts'
import { aMonth, bytesOnDisk, fillMonths } from './lib/letters-of-months.ts'
import { table } from './lib/table.ts'

export const summary =
  'retention [--letters N] [--months N] [--body BYTES]: delete a month of letters, archive another and bring it back, against a plain delete with vacuum full'

/** Months of letters, five of them if nothing is said: one is deleted, one archived and restored, one deleted row by row by hand, and the others stay. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { letters: { type: 'string' }, months: { type: 'string' }, body: { type: 'string' } },
  })
  const letters = Number(values.letters ?? 1_000_000)
  const months = Number(values.months ?? 5)
  if (months < 5) throw new Error('at least five months are needed')
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-bench-'))
  const data = path.join(folder, 'data')
  const server = await startEmbeddedPostgres({ dataDir: data })
  try {
    const store = await openStore({ url: server.url })
    const perMonth = await fillMonths(store, { letters, months, bodyBytes: Number(values.body ?? 2_000) })
    await store.pool.query('checkpoint')
    const before = await bytesOnDisk(data)
    const deleted = await passOver(store, { month: 5, afterwards: 'delete', folder })
    await store.pool.query('checkpoint')
    const after = await bytesOnDisk(data)
    const archived = await passOver(store, { month: 3, afterwards: 'archive', folder })
    const restored = await timed(() =>
      restoreLetters(store, openArchivePlace({ folder: path.join(folder, 'archive') }), {
        selection: { query: `state:archived queue:orders` },
        by: 'bench',
        reason: 'bench',
        nowMs: Date.now(),
      }),
    )
    // Last: the books notice it.
    const bare = await deleteByHand(store, 4)
    const rate = (seconds: number): string => `${Math.round(perMonth / seconds).toLocaleString('en-US')}/s`
    const line = table([44, 9, 12])
    line('of one month', 'seconds', 'letters')
    line('deleted by retention, its table dropped', deleted.seconds, rate(deleted.seconds))
    line('by hand: delete, and vacuum full', bare.seconds, rate(bare.seconds))
    line('archived, read back, its table written anew', archived.seconds, rate(archived.seconds))
    line('restored', restored.seconds, rate(restored.seconds))
    console.log(
      JSON.stringify({
        bench: 'retention',
        letters,
        perMonth,
        deleteSeconds: round(deleted.seconds),
        freedMiB: Math.round((before - after) / 1_048_576),
        byHandSeconds: round(bare.seconds),
        archiveSeconds: round(archived.seconds),
        archivePeakRssMiB: archived.peakRssMiB,
        restoreSeconds: round(restored.seconds),
      }),
    )
    await store.close()
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** As the office does it, of letters of one month back that are made due for it. */
async function passOver(
  store: Store,
  {
    month,
    afterwards,
    folder,
  }: { readonly month: number; readonly afterwards: 'delete' | 'archive'; readonly folder: string },
): Promise<Timed<void>> {
  const { from, to } = aMonth(month)
  await store.pool.query(`update letter set changed_at = now() - interval '40 days' where id >= $1 and id < $2`, [
    from,
    to,
  ])
  const place = openArchivePlace({ folder: path.join(folder, 'archive') })
  const retention = { ...defaultRetention, afterwards }
  const done = await timed(async () => {
    const pass = await beginPass(store, {
      retention,
      place,
      said: { by: 'bench', reason: 'bench', expect: 100_000_000 },
    })
    if (pass === null) throw new Error('nothing is due')
    await carryOutPass(store, pass, { signal: new AbortController().signal })
  })
  if ((await checkLedger(store)).unaccounted !== 0) throw new Error('the books do not balance')
  return done
}

/** What somebody without it would type, without tombstones, books and counts. */
function deleteByHand(store: Store, month: number): Promise<Timed<void>> {
  const { from, to, table } = aMonth(month)
  return timed(async () => {
    const client = await store.pool.connect()
    await client.query('set statement_timeout to 0')
    await client.query('delete from letter where id >= $1 and id < $2', [from, to])
    await client.query('delete from letter_content where id >= $1 and id < $2', [from, to])
    await client.query(`vacuum full ${table}`)
    client.release(true)
  })
}

interface Timed<T> {
  readonly seconds: number
  readonly peakRssMiB: number
  readonly result: T
}

async function timed<T>(work: () => Promise<T>): Promise<Timed<T>> {
  let peak = process.memoryUsage().rss
  const watching = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 50)
  const startedAt = performance.now()
  try {
    const result = await work()
    return { result, seconds: (performance.now() - startedAt) / 1_000, peakRssMiB: Math.round(peak / 1_048_576) }
  } finally {
    clearInterval(watching)
  }
}

function round(seconds: number): number {
  return Number(seconds.toFixed(1))
}
