import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeClock } from '@redrive/worker/testing'
import { repeated } from './repeated.ts'

test('it is done after its first time and then each time, until it is stopped', async () => {
  const clock = fakeClock(0)
  const atMs: number[] = []
  const work = async (): Promise<void> => void atMs.push(clock.now())
  const { stop } = repeated(work, { firstMs: 30, everyMs: 100, problem: 'it failed', tell: () => undefined, clock })
  await clock.advance(29)
  assert.deepEqual(atMs, [])
  await clock.advance(201)
  assert.deepEqual(atMs, [30, 130, 230])
  await stop()
  await clock.advance(1_000)
  assert.equal(atMs.length, 3)
})

test('what fails is told once, and again after it went well', async () => {
  const clock = fakeClock(0)
  const lines: string[] = []
  const results = [new Error('away'), new Error('away'), null, 'odd', null]
  const work = async (): Promise<void> => {
    const result = results.shift() ?? null
    if (result !== null) throw result
  }
  const { stop } = repeated(work, { everyMs: 100, problem: 'it failed', tell: (line) => lines.push(line), clock })
  await clock.advance(500)
  assert.deepEqual(lines, ['it failed: away', 'it failed: odd'])
  await stop()
})

test('a stop waits for what is being done, and tells it', async () => {
  const clock = fakeClock(0)
  let end = 'none'
  const work = async (signal: AbortSignal): Promise<void> => {
    await clock.sleep(1_000, signal)
    // What it was at takes a moment more.
    await new Promise((resolve) => setImmediate(resolve))
    end = signal.aborted ? 'told' : 'whole'
  }
  const { stop } = repeated(work, { everyMs: 100, problem: 'it failed', tell: () => undefined, clock })
  await clock.advance(10)
  await stop()
  assert.equal(end, 'told')
})
