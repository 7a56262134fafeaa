import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { from, to } from 'pg-copy-streams'
import { startCapture } from '../packages/server/src/capture/capture.ts'
import { checkLedger } from '../packages/server/src/ledger/check-ledger.ts'
import { startEmbeddedPostgres } from '../packages/server/src/store/embedded/index.ts'
import { openStore, type Store } from '../packages/server/src/store/store.ts'
import { deadLetters } from './dead-letters.ts'
import { endlessSource } from './endless-source.ts'

export const summary: string =
  'capture [--letters N] [--rounds N] [--url URL]: the capture path against a bare COPY of its rows'

/**
 * The whole capture path (read, recognise, group, books, commit) against a bare COPY of the very rows it wrote, already encoded, into the same tables
 * with the same indexes on the same durable server; alternating rounds, medians. The source is in this process and costs a copy per letter.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      letters: { type: 'string', default: '100000' },
      rounds: { type: 'string', default: '5' },
      url: { type: 'string' },
    },
  })
  const letters = Number(values.letters)
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-bench-'))
  const server =
    values.url === undefined ? await startEmbeddedPostgres({ dataDir: path.join(folder, 'data') }) : undefined
  try {
    const store = await openStore({ url: values.url ?? server?.url ?? '' })
    try {
      await measure(store, { letters, rounds: Number(values.rounds), folder })
    } finally {
      await store.close()
    }
  } finally {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

interface Settings {
  readonly letters: number
  readonly rounds: number
  readonly folder: string
}

const tables = ['letter', 'outstanding', 'letter_content'] as const

async function measure(store: Store, { letters, rounds, folder }: Settings): Promise<void> {
  const ours: number[] = []
  const limit: number[] = []
  let peakRss = 0
  console.log('round      ours rows/s     limit rows/s    ratio')
  // Round 0 warms up and leaves the encoded rows behind.
  for (let round = 0; round <= rounds; round++) {
    await empty(store)
    const captured = await capture(store, letters)
    peakRss = Math.max(peakRss, captured.peakRss)
    if (round === 0) for (const table of tables) await copyOut(store, table, folder)
    await empty(store)
    const copied = letters / (await copyIn(store, folder))
    if (round === 0) continue
    ours.push(captured.rowsPerSecond)
    limit.push(copied)
    console.log(
      [round, captured.rowsPerSecond.toFixed(0), copied.toFixed(0), (captured.rowsPerSecond / copied).toFixed(2)]
        .map((cell) => String(cell).padStart(10))
        .join('      '),
    )
  }
  const result = { ours: Math.round(median(ours)), limit: Math.round(median(limit)) }
  console.log(
    JSON.stringify({
      bench: 'capture',
      ...result,
      ratio: Number((result.ours / result.limit).toFixed(3)),
      peakRssMiB: Math.round(peakRss / 1024 / 1024),
    }),
  )
}

async function capture(store: Store, letters: number): Promise<{ rowsPerSecond: number; peakRss: number }> {
  const source = endlessSource(letters, deadLetters())
  let peakRss = 0
  const sampling = setInterval(() => {
    peakRss = Math.max(peakRss, process.memoryUsage.rss())
  }, 20)
  const startedAt = performance.now()
  const running = startCapture({
    store,
    broker: source,
    brokerName: 'bench',
    source: { place: 'orders-dead-letter', role: 'dead-letter' },
    consumer: 'redrive',
  })
  await source.drained
  const seconds = (performance.now() - startedAt) / 1000
  clearInterval(sampling)
  await running.stop()
  const { unaccounted, captured } = await checkLedger(store)
  if (unaccounted !== 0 || captured !== letters)
    throw new Error(`the books show ${captured} of ${letters} letters and ${unaccounted} unaccounted`)
  return { rowsPerSecond: letters / seconds, peakRss }
}

async function empty(store: Store): Promise<void> {
  // Books and histories refuse to be emptied; between rounds they have to be.
  await store.transaction(async (client) => {
    const guarded = await client.query<{ name: string }>(
      'select distinct tgrelid::regclass::text as name from pg_trigger where not tgisinternal',
    )
    const switchTriggers = async (to: 'disable' | 'enable'): Promise<void> => {
      for (const { name } of guarded.rows) await client.query(`alter table ${name} ${to} trigger user`)
    }
    await switchTriggers('disable')
    await client.query(
      'truncate letter, outstanding, letter_content, unsettled, cause, cause_hour, cause_facet, cause_shape, ledger_entry, source_position, source, queue cascade',
    )
    await switchTriggers('enable')
  })
  await store.pool.query('checkpoint')
}

async function copyOut(store: Store, table: string, folder: string): Promise<void> {
  const client = await store.pool.connect()
  try {
    const query = table === 'letter' ? 'letter' : `(select * from ${table})`
    await pipeline(
      client.query(to(`copy ${query} to stdout (format binary)`)),
      createWriteStream(path.join(folder, table)),
    )
    const keys = await client.query<{ queues: string; sources: string }>(
      `select (select json_agg(q) from queue q)::text as queues, (select json_agg(s) from source s)::text as sources`,
    )
    parents = keys.rows[0] ?? parents
  } finally {
    client.release()
  }
}

/** The rows that letters refer to. */
let parents = { queues: '[]', sources: '[]' }

/** @returns seconds */
async function copyIn(store: Store, folder: string): Promise<number> {
  await store.pool.query(
    'insert into source overriding system value select * from json_populate_recordset(null::source, $1)',
    [parents.sources],
  )
  await store.pool.query(
    'insert into queue overriding system value select * from json_populate_recordset(null::queue, $1)',
    [parents.queues],
  )
  const startedAt = performance.now()
  await store.transaction(async (client) => {
    for (const table of tables) {
      await pipeline(
        createReadStream(path.join(folder, table), { highWaterMark: 64 * 1024 }),
        client.query(from(`copy ${table} from stdin (format binary)`)),
      )
    }
  })
  return (performance.now() - startedAt) / 1000
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
