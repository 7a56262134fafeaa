import { parseArgs } from 'node:util'
import { listCauses } from '../packages/server/src/causes/index.ts'
import { type Asked, type InCommon, inCommon } from '../packages/server/src/in-common/index.ts'
import type { Store } from '../packages/server/src/store/store.ts'
import { fillLetters } from './lib/many-letters.ts'
import { percentile } from './lib/median.ts'
import { withStoreToRead } from './lib/store-to-read.ts'
import { table } from './lib/table.ts'

export const summary: string =
  'common [--letters N] [--rounds N] [--url URL]: what the letters of a cause, or of a query, have in common that the others of their queue have less'

const bodyBytes = 2_400

/** The whole call through the use case, over one queue of letters with JSON bodies and headers. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      letters: { type: 'string', default: '100000' },
      rounds: { type: 'string', default: '20' },
      url: { type: 'string' },
    },
  })
  const letters = Number(values.letters)
  await withStoreToRead(values.url, async (store) => {
    const to = Date.now()
    if ((await listCauses(store)).causes.length === 0)
      await fillLetters(store, { letters, from: to - 30 * 86_400_000, to, bodyBytes, onlyOrders: true, headers })
    const slowest = await measure(store, { rounds: Number(values.rounds), nowMs: to })
    console.log(JSON.stringify({ bench: 'common', letters, p95Ms: Math.round(slowest) }))
  })
}

/** Beside what is in every letter: a tenant, a region that is in one of eleven, and an id. */
function headers(n: number): readonly { readonly name: string; readonly value: Buffer }[] {
  const of = (name: string, value: string) => ({ name, value: Buffer.from(value) })
  return [
    of('content-type', 'application/json'),
    of('tenant', `tenant-${n % 40}`),
    of('message-id', `m-${n}-${'0'.repeat(20)}`),
    ...(n % 11 === 0 ? [of('region', 'CH-ZH')] : []),
  ]
}

async function measure(
  store: Store,
  { rounds, nowMs }: { readonly rounds: number; readonly nowMs: number },
): Promise<number> {
  const causes = (await listCauses(store, { limit: 500 })).causes
    .filter((cause) => cause.letters > 0)
    .toSorted((a, b) => b.letters - a.letters)
  const [most, least] = [causes[0]?.id ?? '', causes.at(-1)?.id ?? '']
  const asked: readonly (readonly [string, Asked])[] = [
    ['the largest cause', { cause: most }],
    ['the smallest cause', { cause: least }],
    ['error:TypeError', { query: 'error:TypeError' }],
    ['release:1.5.0', { query: 'release:1.5.0' }],
    ['age:<10d', { query: 'age:<10d' }],
    ['bytes:>2200', { query: 'bytes:>2200' }],
    ['a word in every letter', { query: 'reefer-40ft' }],
  ]
  const print = table([24, 10, 10, 10, 10, 10, 10])
  print('asked', 'here', 'others', 'found', 'p50 ms', 'p95 ms', 'most ms')
  let slowest = 0
  for (const [name, of] of asked) {
    const took: number[] = []
    let answer: InCommon | undefined
    for (let round = 0; round < rounds; round++) {
      const startedAt = performance.now()
      answer = await inCommon(store, { of, nowMs })
      took.push(performance.now() - startedAt)
    }
    const p95 = percentile(took, 0.95)
    slowest = Math.max(slowest, p95)
    const found = answer?.common.length ?? 0
    print(
      name,
      answer?.set.letters ?? 0,
      answer?.others.letters ?? 0,
      found,
      percentile(took, 0.5),
      p95,
      Math.max(...took),
    )
  }
  return slowest
}
