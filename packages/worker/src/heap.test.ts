import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { heap } from './heap.ts'

interface Item {
  readonly at: number
  readonly n: number
}

const operation = fc.oneof(
  { weight: 3, arbitrary: fc.record({ push: fc.integer({ min: 0, max: 20 }) }) },
  { weight: 2, arbitrary: fc.constant('pop' as const) },
  { weight: 1, arbitrary: fc.record({ remove: fc.integer({ min: 2, max: 4 }) }) },
)

test('a heap gives the smallest first and equals in the order they came, whatever is taken out between', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const ours = heap<Item>((a, b) => a.at - b.at)
      let model: Item[] = []
      operations.forEach((each, n) => {
        if (each === 'pop') {
          assert.deepEqual(ours.peek(), model[0])
          assert.deepEqual(ours.pop(), model.shift())
        } else if ('push' in each) {
          const item = { at: each.push, n }
          ours.push(item)
          model = [...model, item].toSorted((a, b) => a.at - b.at || a.n - b.n)
        } else {
          const matches = (item: Item): boolean => item.n % each.remove === 0
          const removed = ours.remove(matches)
          assert.equal(removed.length, model.filter(matches).length)
          model = model.filter((item) => !matches(item))
        }
        assert.equal(ours.size, model.length)
      })
      const rest: Item[] = []
      for (let item = ours.pop(); item !== undefined; item = ours.pop()) rest.push(item)
      assert.deepEqual(rest, model)
    }),
  )
})
