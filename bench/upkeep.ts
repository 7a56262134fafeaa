import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { checkLedger } from '../packages/server/src/ledger/index.ts'
import { metricsOfStore } from '../packages/server/src/metrics/of-store.ts'
import { listQueues, openByTier } from '../packages/server/src/queues/index.ts'
import { readFlows } from '../packages/server/src/review/read/read-flows.ts'
import { startEmbeddedPostgres } from '../packages/server/src/store/embedded/index.ts'
import { openStore, type Store } from '../packages/server/src/store/store.ts'
import { upkeepOnce } from '../packages/server/src/upkeep.ts'
import { fillLetters } from './lib/many-letters.ts'
import { median } from './lib/median.ts'
import { table } from './lib/table.ts'

export const summary: string =
  'upkeep [--entries N] [--rounds N]: what the books and the counts of causes take to read before and after they are added up'

/**
 * Few letters with a long past: so many entries in the books, and as many changes of counts, as if letters had gone to and fro for a year. What is read
 * each minute, at each scrape and by people is timed before the upkeep and after it.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { entries: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '5' } },
  })
  const entries = Number(values.entries)
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-bench-'))
  const server = await startEmbeddedPostgres({ dataDir: path.join(folder, 'data') })
  try {
    const store = await openStore({ url: server.url })
    const to = Date.now()
    await fillLetters(store, { letters: 5_000, from: to - 86_400_000, to })
    await fillPast(store, entries)
    const rounds = Number(values.rounds)
    const before = await timesOf(store, rounds)
    const startedAt = performance.now()
    await upkeepOnce(store)
    const upkeepSeconds = (performance.now() - startedAt) / 1000
    await store.pool.query('vacuum (analyze) cause_change')
    const after = await timesOf(store, rounds)
    const { sumsOff } = await checkLedger(store)
    if (sumsOff !== 0) throw new Error(`the sums are off by ${sumsOff}`)
    const row = table([20, 12, 12, 8])
    row('ms', 'before', 'after', 'ratio')
    for (const name of Object.keys(before)) {
      const [was, is] = [before[name] ?? Number.NaN, after[name] ?? Number.NaN]
      row(name, was, is, was / is)
    }
    const sum = (times: Record<string, number>): number => Object.values(times).reduce((all, ms) => all + ms, 0)
    const ratio = Number((sum(before) / sum(after)).toFixed(1))
    console.log(JSON.stringify({ bench: 'upkeep', entries, upkeepSeconds: Number(upkeepSeconds.toFixed(1)), ratio }))
    await store.close()
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** To and fro in turn, so that at most one letter of a queue is elsewhere in the end. */
async function fillPast(store: Store, entries: number): Promise<void> {
  await store.transaction(async (client) => {
    await client.query('set local statement_timeout to 0')
    // The entries balance by how they are made; to look at each pair would take minutes.
    await client.query('set local session_replication_role to replica')
    await client.query(
      `insert into ledger_entry (transfer, at, queue_id, account, letters, what)
       select pair.transfer, now() - (1 - pair.n::float8 / ($1::int / 2)) * interval '1 year', q.id, side.account, side.letters, 'bench'
         from (select id, row_number() over (order by id) - 1 as nth, count(*) over () as queues from queue) q
         join (select n, gen_random_uuid() as transfer from generate_series(1, $1::int / 2) as t (n)) pair on pair.n % q.queues = q.nth,
           lateral (values ('open', case when pair.n / q.queues % 2 = 0 then 1 else -1 end), ('replaying', case when pair.n / q.queues % 2 = 0 then -1 else 1 end)) as side (account, letters)
        order by pair.n`,
      [entries],
    )
    await client.query(
      `insert into cause_change (cause_id, state, letters)
       select c.id, side.state::letter_state, side.letters
         from (select id, row_number() over (order by id) - 1 as nth, count(*) over () as causes from cause) c
         join generate_series(1, $1::int / 2) as t (n) on t.n % c.causes = c.nth,
           lateral (values ('open', case when t.n / c.causes % 2 = 0 then 1 else -1 end), ('replaying', case when t.n / c.causes % 2 = 0 then -1 else 1 end)) as side (state, letters)`,
      [entries],
    )
  })
  await store.pool.query('vacuum (analyze) ledger_entry, cause_change')
  await store.pool.query('checkpoint')
}

async function timesOf(store: Store, rounds: number): Promise<Record<string, number>> {
  const works = {
    'check of a minute': () => checkLedger(store, { isWhole: false }),
    '/metrics': () => metricsOfStore(store),
    queues: () => listQueues(store),
    'flows of a week': () =>
      store.transaction((client) => readFlows(client, { fromMs: Date.now() - 7 * 86_400_000, toMs: Date.now() })),
    'open by tier': () => openByTier(store),
  }
  const times: Record<string, number> = {}
  for (const [name, work] of Object.entries(works)) {
    const taken: number[] = []
    for (let round = 0; round <= rounds; round++) {
      const startedAt = performance.now()
      await work()
      if (round > 0) taken.push(performance.now() - startedAt)
    }
    times[name] = median(taken)
  }
  return times
}
