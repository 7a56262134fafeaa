import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharesOf, usualStacks } from './stacks.ts'

const none = { kills: 0, cuts: 0, freezes: 0, jumps: 0, fills: 0 }

test('the shares of all stacks are the whole, and differ by one at most', () => {
  const shares = sharesOf({ kills: 10, cuts: 3, freezes: 0, jumps: 1, fills: 4 }, 4)
  assert.deepEqual(
    shares.map(({ kills }) => kills),
    [2, 2, 3, 3],
  )
  for (const [fault, count] of Object.entries({ kills: 10, cuts: 3, freezes: 0, jumps: 1, fills: 4 }))
    assert.equal(
      shares.reduce((sum, share) => sum + share[fault as keyof typeof share], 0),
      count,
    )
})

test('few kills, a broker of its own, freezes and a small disk take one stack', () => {
  assert.equal(usualStacks({ ...none, target: 'embedded', kills: 20 }), 1)
  assert.equal(usualStacks({ ...none, target: 'kafka', kills: 10_000 }), 1)
  assert.equal(usualStacks({ ...none, target: 'embedded', kills: 10_000, fills: 1 }), 1)
  assert.equal(usualStacks({ ...none, target: 'embedded', kills: 10_000, freezes: 2 }), 1)
  assert.equal(usualStacks({ ...none, target: 'embedded', kills: 100 }), 2)
})
