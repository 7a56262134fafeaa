import assert from 'node:assert/strict'
import test from 'node:test'
import { mapInSlices } from './in-slices.ts'

test('all are mapped, in their order, and others have their turn in between', async () => {
  let turns = 0
  let isDone = false
  const others = (): void => {
    turns++
    if (!isDone) setImmediate(others)
  }
  setImmediate(others)
  const values = Array.from({ length: 25 }, (_, n) => n)
  assert.deepEqual(
    await mapInSlices(values, 10, (n) => n * 2),
    values.map((n) => n * 2),
  )
  isDone = true
  assert.ok(turns >= 2, `${turns} turns`)
  assert.deepEqual(await mapInSlices([], 10, (n) => n), [])
})
