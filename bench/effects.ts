import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '@redrive/worker'
import { effectsTableSql, postgresEffects } from '@redrive/worker/effects/postgres'
import pg from 'pg'
import { startEmbeddedPostgres } from '../packages/server/src/store/embedded/index.ts'
import type { Effects } from '../packages/worker/src/effects/effects.ts'
import { effectsOf } from '../packages/worker/src/effects/effects-of.ts'
import { median } from './lib/median.ts'
import { table } from './lib/table.ts'

export const summary: string =
  'effects [--calls N] [--rounds N] [--at-once N]: effects.once on PostgreSQL beside a bare durable insert'

interface Way {
  readonly name: string
  readonly call: () => Promise<unknown>
}

/** Calls per second of each way, in turn in every round, on one durable server; the medians over the rounds. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      calls: { type: 'string', default: '2000' },
      rounds: { type: 'string', default: '5' },
      'at-once': { type: 'string', default: '10' },
    },
  })
  const [calls, rounds, atOnce] = [Number(values.calls), Number(values.rounds), Number(values['at-once'])]
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-bench-'))
  const server = await startEmbeddedPostgres({ dataDir: path.join(folder, 'data'), durable: true })
  const pool = new pg.Pool({ connectionString: server.url, max: atOnce })
  // The server may be gone before the last connection has ended.
  pool.on('error', () => undefined)
  try {
    await pool.query(effectsTableSql())
    await pool.query('create table bare (key text primary key, result text not null, at timestamptz not null)')
    const ways = waysOf(pool)
    // Done before it is asked for by many at once.
    await ways.find(({ name }) => name === 'once, had happened')?.call()
    const rates = new Map<Way, number[]>(ways.map((way) => [way, []]))
    for (let round = 0; round <= rounds; round++) {
      for (const way of ways) {
        const perSecond = await rateOf(way, { calls: round === 0 ? calls / 4 : calls, atOnce })
        // The first round warms up.
        if (round > 0) rates.get(way)?.push(perSecond)
      }
    }
    report(ways, rates)
  } finally {
    await pool.end()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

function waysOf(pool: pg.Pool): readonly Way[] {
  const store = postgresEffects(pool)
  const effects = (letterId: string): Effects =>
    effectsOf(
      {
        consumer: 'bench',
        letterId,
        named: true,
        message: { key: null, body: null, headers: [] },
        failedAtMs: null,
        signal: new AbortController().signal,
        isOver: () => false,
      },
      { store, id: null, leaseMs: 60_000, keepMs: 86_400_000, timeoutMs: 30_000, clock: systemClock },
    )
  const insert = 'insert into bare values ($1, $2, now())'
  const charge = { id: 'ch_3MmlLrLkdIwHu7ix0snN0B15' }
  return [
    { name: 'bare insert', call: () => pool.query(insert, [randomUUID(), JSON.stringify(charge)]) },
    { name: 'once, beside', call: () => effects(randomUUID()).once('charge', () => charge) },
    { name: 'once, had happened', call: () => effects('always the same').once('charge', () => charge) },
    {
      name: 'bare transaction',
      call: () => inTransaction(pool, (client) => client.query(insert, [randomUUID(), '1'])),
    },
    {
      name: 'once, in a transaction',
      call: () =>
        inTransaction(pool, (client) =>
          effects(randomUUID())
            .in(client)
            .once('book', () => client.query(insert, [randomUUID(), '1']).then(() => charge)),
        ),
    },
  ]
}

async function inTransaction(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<unknown>): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await work(client)
    await client.query('commit')
  } finally {
    client.release()
  }
}

async function rateOf({ call }: Way, options: { readonly calls: number; readonly atOnce: number }): Promise<number> {
  let left = options.calls
  const startMs = performance.now()
  const caller = async (): Promise<void> => {
    while (left-- > 0) await call()
  }
  await Promise.all(Array.from({ length: options.atOnce }, caller))
  return (options.calls * 1_000) / (performance.now() - startMs)
}

function report(ways: readonly Way[], rates: ReadonlyMap<Way, readonly number[]>): void {
  const line = table([24, 10, 10])
  line('', 'calls/s', 'of bare')
  const rate = (name: string): number => median(rates.get(ways.find((way) => way.name === name) as Way) ?? [])
  for (const { name } of ways) {
    const bare = rate(name.endsWith('transaction') ? 'bare transaction' : 'bare insert')
    line(name, rate(name), rate(name) / bare)
  }
  const round = (value: number, digits: number): number => Number(value.toFixed(digits))
  const [ours, bare] = [rate('once, beside'), rate('bare insert')]
  const inside = rate('once, in a transaction') / rate('bare transaction')
  console.log(
    JSON.stringify({
      bench: 'effects',
      ours: round(ours, 0),
      bare: round(bare, 0),
      ratio: round(ours / bare, 3),
      insideRatio: round(inside, 3),
    }),
  )
}
