import { parseArgs } from 'node:util'
import { listCauses, showCause } from '../packages/server/src/causes/index.ts'
import { checkLedger } from '../packages/server/src/ledger/check-ledger.ts'
import { listLetters, showLetter } from '../packages/server/src/letters/index.ts'
import { listQueues } from '../packages/server/src/queues/index.ts'
import type { Store } from '../packages/server/src/store/store.ts'
import { fillLetters, queues } from './lib/many-letters.ts'
import { percentile } from './lib/median.ts'
import { withStoreToRead } from './lib/store-to-read.ts'
import { table } from './lib/table.ts'

export const summary: string =
  'query [--letters N] [--rounds N] [--url URL]: lists, search and pages of causes at a million letters'

const pageSize = 50

/** p50 and p95 of what people ask for, through the use cases, each with other values every time. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      letters: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '40' },
      url: { type: 'string' },
    },
  })
  const letters = Number(values.letters)
  await withStoreToRead(values.url, async (store) => {
    const to = Date.now()
    const from = to - 30 * 86_400_000
    const startedAt = performance.now()
    if ((await listQueues(store)).length === 0) await fillLetters(store, { letters, from, to })
    console.log(`${letters} letters in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
    const slowest = await measure(store, { letters, rounds: Number(values.rounds), nowMs: to })
    console.log(JSON.stringify({ bench: 'query', letters, p95Ms: Number(slowest.toFixed(1)) }))
  })
}

async function measure(
  store: Store,
  { letters, rounds, nowMs }: { readonly letters: number; readonly rounds: number; readonly nowMs: number },
): Promise<number> {
  const all = await listCauses(store, { limit: 500 })
  const causeIds = all.causes.map(({ id }) => id)
  const some = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T
  const number = (below: number): number => Math.floor(Math.random() * below)
  const list = (query: string, after?: string) =>
    listLetters(store, { query, limit: pageSize, nowMs, ...(after === undefined ? {} : { after }) })
  const deep = async (query: string): Promise<string> => {
    let after: string | undefined
    for (let page = 0; page < 20; page++) after = (await list(query, after)).next ?? after
    if (after === undefined) throw new Error(`${query} has one page only`)
    return after
  }
  const cursors = { queue: await deep('queue:orders'), word: await deep('reefer-40ft') }
  const asked: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['letters, all open', () => list('')],
    ['letters, any state', () => list('state:any')],
    ['letters of a state that none is in', () => list('state:replaying')],
    ['queue:orders', () => list(`queue:${some(queues)}`)],
    ['queue:orders, page 21', () => list('queue:orders', cursors.queue)],
    ['cause:…', () => list(`cause:${some(causeIds)}`)],
    ['cause:… state:replayed', () => list(`cause:${some(causeIds)} state:replayed`)],
    ['tier:timeout age:<1d', () => list(`tier:${some(['transient', 'timeout', 'malformed'])} age:<${1 + number(20)}d`)],
    ['tier:timeout age:>20d', () => list(`tier:timeout age:>${20 + number(9)}d`)],
    ['error:ECONNREFUSED', () => list('error:ECONNREFUSED')],
    ['error:nothing-like-it', () => list('error:nothing-like-it')],
    ['key:ord-…', () => list(`state:any key:ord-${number(letters)}`)],
    ['key: absent', () => list(`key:ord-none-${number(letters)}`)],
    ['release:1.3.0', () => list(`release:1.${number(12)}.0`)],
    ['release: absent', () => list('release:9.9.9')],
    ['host:reefer-3 queue:orders', () => list(`queue:${some(queues)} host:reefer-${number(8)}`)],
    ['word, rare (an order)', () => list(`state:any ord-${number(letters)}`)],
    ['word, some (a customer)', () => list(`cus-${number(50_000)}`)],
    ['word, in every letter', () => list('reefer-40ft')],
    ['word, in every letter, page 21', () => list('reefer-40ft', cursors.word)],
    ['word, absent', () => list(`nosuchword${number(letters)}`)],
    ['two words', () => list(`reefer-40ft cus-${number(50_000)}`)],
    ['word and queue', () => list(`queue:payments bkg-${number(70_000)}`)],
    ['letter show', async () => showLetter(store, (await list(`cause:${some(causeIds)}`)).letters[0]?.id ?? '')],
    ['queues', () => listQueues(store)],
    ['causes', () => listCauses(store)],
    ['causes of a queue', () => listCauses(store, { queue: some(queues), onlyOpen: true })],
    ['cause show', () => showCause(store, some(causeIds))],
  ]
  const print = table([32, 10, 10, 10])
  print('asked', 'p50 ms', 'p95 ms', 'most ms')
  let slowest = 0
  for (const [name, ask] of asked) {
    const took = await times(rounds, ask)
    const p95 = percentile(took, 0.95)
    slowest = Math.max(slowest, p95)
    print(name, percentile(took, 0.5), p95, Math.max(...took))
  }
  // Counts every letter, by design: not what people wait for.
  let unaccounted = 0
  const counted = await times(3, async () => {
    unaccounted = (await checkLedger(store)).unaccounted
  })
  print('(ledger check: counts it all)', percentile(counted, 0.5), percentile(counted, 0.95), Math.max(...counted))
  if (unaccounted !== 0) throw new Error(`${unaccounted} letters are unaccounted`)
  return slowest
}

async function times(rounds: number, ask: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now()
    await ask()
    took.push(performance.now() - startedAt)
  }
  return took
}
