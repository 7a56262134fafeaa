import assert from 'node:assert/strict'
import test from 'node:test'
import type { Claim } from './claim.ts'
import { claimsAhead } from './claims-ahead.ts'

const batch = (fromOrdinal: number, isWithin = false): Claim => ({
  kind: 'claimed',
  fromOrdinal,
  toOrdinal: fromOrdinal + 1,
  isWithin,
})
const ordinalOf = (claim: Claim): number | string => (claim.kind === 'claimed' ? claim.fromOrdinal : claim.kind)
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Claims that are answered by hand, in the order in which they were made. */
function byHand() {
  const made: PromiseWithResolvers<Claim>[] = []
  return {
    made,
    claim: () => {
      made.push(Promise.withResolvers<Claim>())
      return (made.at(-1) as PromiseWithResolvers<Claim>).promise
    },
    async answer(at: number, claim: Claim) {
      made[at]?.resolve(claim)
      await settled()
    },
  }
}

test('the next claim is made when the one before is known, and no more than so many wait', async () => {
  const { made, claim, answer } = byHand()
  const ahead = claimsAhead(claim, () => 2)
  const first = ahead.take()
  await settled()
  assert.equal(made.length, 1, 'two at once would claim the same')
  await answer(0, batch(0))
  assert.equal(made.length, 2)
  await answer(1, batch(1))
  assert.equal(made.length, 3)
  await answer(2, batch(2))
  assert.equal(made.length, 3, 'two wait')
  assert.equal(ordinalOf(await first), 0)
  assert.equal(ordinalOf(await ahead.take()), 1)
  await settled()
  assert.equal(made.length, 4)
})

for (const [what, last] of [
  ['a pace', { kind: 'wait', ms: 5 }],
  ['a stop', { kind: 'stopped' }],
  ['a canary', { kind: 'judge' }],
  ['a batch within the database', batch(1, true)],
] as const) {
  test(`nothing is claimed after ${what}, until somebody asks`, async () => {
    const { made, claim, answer } = byHand()
    const ahead = claimsAhead(claim, () => 2)
    const first = ahead.take()
    await answer(0, batch(0))
    await answer(1, last)
    await first
    assert.equal(await ahead.take(), last)
    await settled()
    assert.equal(made.length, 2)
    void ahead.take()
    assert.equal(made.length, 3)
  })
}

test('what is given up comes the newest first, without what failed, and nothing more is claimed for it', async () => {
  const { made, claim, answer } = byHand()
  const ahead = claimsAhead(claim, () => 3)
  const first = ahead.take()
  for (const at of [0, 1, 2]) await answer(at, batch(at))
  await first
  const given = ahead.giveUp()
  made[3]?.reject(new Error('the database is away'))
  assert.deepEqual((await given).map(ordinalOf as never), [2, 1])
  await settled()
  assert.equal(made.length, 4)
  assert.deepEqual(await ahead.giveUp(), [])
})

test('a claim that is answered after it was given up claims nothing more', async () => {
  const { made, claim, answer } = byHand()
  const ahead = claimsAhead(claim, () => 2)
  const first = ahead.take()
  await answer(0, batch(0))
  await first
  const given = ahead.giveUp()
  await answer(1, batch(1))
  assert.equal((await given).length, 1)
  assert.equal(made.length, 2)
  const anew = ahead.take()
  assert.equal(made.length, 3)
  await answer(2, batch(1))
  assert.equal(ordinalOf(await anew), 1)
})

test('a claim that fails is told to whoever takes it', async () => {
  const ahead = claimsAhead(
    () => Promise.reject(new Error('the database is away')),
    () => 2,
  )
  await assert.rejects(ahead.take(), /away/)
})
