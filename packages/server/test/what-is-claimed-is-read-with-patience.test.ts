import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemClock } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { carryOut } from '../src/replay/carry-out.ts'
import { giveBack, takeRun } from '../src/replay/leases.ts'
import type { Store } from '../src/store/store.ts'
import { type OfficeBed, officeBed } from './office-bed.ts'

const away = () => Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' })

/** The store, of which some reads of claimed letters fail. @param failing asked before each of them */
function storeWhoseReadsFail(store: Store, failing: () => Error | null): Store {
  const watched = (client: PoolClient): PoolClient =>
    new Proxy(client, {
      get(target, name) {
        const value = Reflect.get(target, name)
        if (name !== 'query') return typeof value === 'function' ? value.bind(target) : value
        return async (...given: unknown[]) => {
          const [query] = given
          const isRead =
            typeof query === 'object' && query !== null && 'name' in query && query.name === 'places-of-plan'
          const error = isRead ? failing() : null
          if (error !== null) throw error
          return Reflect.apply(value, target, given)
        }
      },
    })
  return { ...store, transaction: (work, how) => store.transaction((client) => work(watched(client)), how) }
}

/** A run of twelve letters, in batches of four. */
async function started(t: TestContext) {
  const bed = await officeBed(t)
  await bed.captured(...Array.from({ length: 12 }, () => ({})))
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control: { pace: 16 } }))
  return { bed, id }
}

async function carriedOut(bed: OfficeBed, failing: () => Error | null, signal = new AbortController().signal) {
  const lease = await takeRun(bed.store)
  assert.ok(lease)
  const brokers = new Map([['memory', bed.broker]])
  const store = storeWhoseReadsFail(bed.store, failing)
  try {
    return await carryOut(lease, { store, brokers, clock: systemClock, signal })
  } finally {
    await giveBack(bed.store, lease)
  }
}

test('a database that goes away while claimed letters are read is waited for, and nothing is in doubt', async (t) => {
  const { bed, id } = await started(t)
  let reads = 0
  assert.equal(await carriedOut(bed, () => (++reads % 3 === 0 ? null : away())), 'done')
  assert.ok(reads >= 9)
  assert.deepEqual((await bed.runOf(id)).sends, { intended: 0, sent: 12, notSent: 0, uncertain: 0 })
  assert.deepEqual(await bed.states(), { replayed: 12 })
  await bed.balanced()
})

for (const [what, error, abort] of [
  ['cannot be read', new Error('invalid memory alloc request'), false],
  ['cannot be read any more when the office stops', away(), true],
] as const) {
  test(`a batch that ${what} is put back: nothing is in doubt, and whoever goes on sends each once`, async (t) => {
    const { bed, id } = await started(t)
    const stop = new AbortController()
    let reads = 0
    const broken = carriedOut(
      bed,
      () => {
        if (++reads < 2) return null
        if (abort) stop.abort()
        return error
      },
      stop.signal,
    )
    await assert.rejects(broken, { message: error.message })
    assert.ok(reads <= 3, `nobody waits any longer: ${reads} reads`)
    assert.deepEqual((await bed.runOf(id)).sends, { intended: 0, sent: 4, notSent: 0, uncertain: 0 })
    assert.deepEqual(await bed.states(), { replayed: 4, replaying: 8 })
    await bed.balanced()
    assert.equal(await carriedOut(bed, () => null), 'done')
    assert.deepEqual(await bed.states(), { replayed: 12 })
    assert.equal(bed.messages('orders-retries-reefer').length, 12)
    await bed.balanced()
  })
}
