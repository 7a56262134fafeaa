import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { acknowledgements } from './acknowledge.ts'

test('a run from the oldest on is one frame', () => {
  assert.deepEqual(acknowledgements([3, 4, 5, 6], new Set([3, 4, 5])), [{ tag: 5, upTo: true }])
})

test('a gap stays unsettled', () => {
  assert.deepEqual(acknowledgements([3, 4, 5, 6], new Set([3, 5, 6])), [
    { tag: 3, upTo: false },
    { tag: 5, upTo: false },
    { tag: 6, upTo: false },
  ])
})

test('the frames settle exactly what was asked, whatever was asked', () => {
  const tags = fc.uniqueArray(fc.integer({ min: 1, max: 60 })).map((each) => each.toSorted((a, b) => a - b))
  fc.assert(
    fc.property(
      tags.chain((outstanding) => fc.tuple(fc.constant(outstanding), fc.subarray(outstanding))),
      ([outstanding, settled]) => {
        const left = new Set(outstanding)
        for (const { tag, upTo } of acknowledgements(outstanding, new Set(settled))) {
          for (const each of outstanding) if (each === tag || (upTo && each < tag)) left.delete(each)
        }
        assert.deepEqual(
          [...left],
          outstanding.filter((tag) => !settled.includes(tag)),
        )
      },
    ),
  )
})
