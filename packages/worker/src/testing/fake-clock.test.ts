import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeClock } from './fake-clock.ts'

test('time passes only when told to, in order, with the work it sets off', async () => {
  const clock = fakeClock(0)
  const seen: string[] = []
  const chain = async (): Promise<void> => {
    await clock.sleep(10)
    seen.push(`a ${clock.now()}`)
    await clock.sleep(5)
    seen.push(`c ${clock.now()}`)
  }
  void chain()
  void clock.sleep(12).then(() => seen.push(`b ${clock.now()}`))
  await clock.settle()
  assert.deepEqual(seen, [])
  await clock.advance(20)
  assert.deepEqual(seen, ['a 10', 'b 12', 'c 15'])
  assert.equal(clock.now(), 20)
})

test('an aborted sleep ends at once and leaves nothing behind', async () => {
  const clock = fakeClock(0)
  const abort = new AbortController()
  let isAwake = false
  void clock.sleep(1_000, abort.signal).then(() => {
    isAwake = true
  })
  abort.abort()
  await clock.settle()
  assert.ok(isAwake)
  await clock.advance(2_000)
  assert.equal(clock.now(), 2_000)
})
