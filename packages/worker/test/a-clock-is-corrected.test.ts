import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bed, stop } from './bed.ts'

const hourMs = 3_600_000

for (const nativeDelay of [true, false])
  for (const jumpMs of [-hourMs, hourMs])
    test(`a retry that waits is neither late nor early by ${jumpMs} ms, ${nativeDelay ? 'with' : 'without'} native delay`, async () => {
      const on = bed({ nativeDelay })
      const calledAtMs: number[] = []
      const worker = await on.worker({
        handle() {
          calledAtMs.push(on.clock.monotonic())
          return calledAtMs.length === 1 ? { kind: 'retry', delayMs: 5_000 } : undefined
        },
      })
      await on.send('order 1')
      await on.until('it waits', () => calledAtMs.length === 1)
      await on.clock.advance(1_000)
      on.clock.jump(jumpMs)
      await on.clock.advance(20_000)
      const [first = 0, second = Number.NaN] = calledAtMs
      assert.ok(second - first >= 5_000 && second - first <= 6_000, `called again after ${second - first} ms`)
      await stop(on, worker)
    })

test('a retry that was written before a correction waits no longer than it was to wait', async () => {
  const on = bed({ nativeDelay: false })
  on.clock.jump(48 * hourMs)
  const first = await on.worker({ handle: () => ({ kind: 'retry', delayMs: 2 * hourMs }) })
  await on.send('order 1')
  await on.until('it waits in the last lane', () => on.depth('orders-retries-reefer-1h') === 1)
  await stop(on, first)
  on.clock.jump(-48 * hourMs)
  let handledAtMs = Number.NaN
  const second = await on.worker({
    handle: () => {
      handledAtMs = on.clock.monotonic()
    },
  })
  const startedAtMs = on.clock.monotonic()
  await on.clock.advance(2 * hourMs + 1_000)
  assert.ok(handledAtMs - startedAtMs <= 2 * hourMs + 250, `handled after ${handledAtMs - startedAtMs} ms`)
  await stop(on, second)
})

for (const jumpMs of [-hourMs, hourMs])
  test(`a handler has its time, no more and no less, when the clock jumps by ${jumpMs} ms`, async () => {
    const on = bed({ nativeDelay: true })
    const results: string[] = []
    const worker = await on.worker({
      timeoutMs: 10_000,
      handle: async (_, { signal, attempt }) => {
        if (attempt > 1) return
        await on.clock.sleep(60_000, signal)
        results.push(signal.aborted ? 'aborted' : 'slept')
      },
    })
    await on.send('order 1')
    await on.clock.advance(100)
    on.clock.jump(jumpMs)
    await on.clock.advance(9_000)
    assert.deepEqual(results, [])
    await on.clock.advance(1_000)
    assert.deepEqual(results, ['aborted'])
    await stop(on, worker)
  })
