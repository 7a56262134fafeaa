import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts'
import { type Job, scheduler } from './scheduler.ts'

interface Trace {
  readonly order: string[]
  running: number
  most: number
}

interface Wanted {
  readonly name: string
  readonly key?: string | null
  /** `null`: ends before `run` returns. */
  readonly ms?: number | null
  readonly from?: Job['from']
}

function jobOf(clock: FakeClock, trace: Trace, { name, key = null, ms = 10, from = 'source' }: Wanted): Job {
  return {
    orderKey: key,
    from,
    run(ended) {
      trace.order.push(name)
      trace.most = Math.max(trace.most, ++trace.running)
      const end = (): void => {
        trace.running--
        ended(this)
      }
      if (ms === null) end()
      else void clock.sleep(ms).then(end)
    },
    async release() {
      trace.order.push(`released ${name}`)
    },
  }
}

const traceOf = (): Trace => ({ order: [], running: 0, most: 0 })
const always = (): boolean => true

test('however jobs, solos and pauses interleave, all run once, keys in order, solos alone', async () => {
  const job = fc.record({
    key: fc.constantFrom(null, 'a', 'b'),
    ms: fc.constantFrom(null, 0, 5, 20),
    from: fc.constantFrom('source' as const, 'lane' as const),
  })
  const step = fc.oneof(
    { weight: 5, arbitrary: job },
    { weight: 1, arbitrary: fc.constantFrom('solo' as const, 'pause' as const, 'resume' as const, 'wait' as const) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), async (steps, concurrency) => {
      const clock = fakeClock(0)
      const trace = traceOf()
      let isOpen = true
      let solos = 0
      let beside = 0
      const jobs = scheduler({ concurrency, mayStart: () => isOpen })
      const wanted = new Map<string | null, string[]>()
      for (const [n, each] of steps.entries()) {
        if (each === 'solo') {
          void jobs.alone(async () => {
            beside += trace.running
            await clock.sleep(7)
            beside += trace.running
            solos++
          })
        } else if (each === 'pause') isOpen = false
        else if (each === 'resume') {
          isOpen = true
          jobs.wake()
        } else if (each === 'wait') await clock.advance(6)
        else {
          wanted.set(each.key, [...(wanted.get(each.key) ?? []), String(n)])
          jobs.add(jobOf(clock, trace, { name: String(n), ...each, from: each.key === null ? each.from : 'source' }))
        }
      }
      isOpen = true
      jobs.wake()
      await clock.advance(10_000)
      const all = [...wanted.values()].flat()
      assert.deepEqual(trace.order.toSorted(), all.toSorted())
      for (const key of ['a', 'b']) {
        const mine = wanted.get(key) ?? []
        assert.deepEqual(
          trace.order.filter((name) => mine.includes(name)),
          mine,
        )
      }
      assert.ok(trace.most <= concurrency)
      assert.equal(beside, 0)
      assert.equal(solos, steps.filter((each) => each === 'solo').length)
      assert.deepEqual([jobs.running, jobs.queued, jobs.idle], [0, 0, true])
    }),
    { numRuns: 200 },
  )
})

test('lanes and sources take turns', async () => {
  const clock = fakeClock(0)
  const trace = traceOf()
  const jobs = scheduler({ concurrency: 1, mayStart: always })
  for (const n of [1, 2, 3]) jobs.add(jobOf(clock, trace, { name: `source ${n}` }))
  for (const n of [1, 2, 3]) jobs.add(jobOf(clock, trace, { name: `lane ${n}`, from: 'lane' }))
  await clock.advance(1_000)
  const kinds = trace.order.map((name) => name.split(' ')[0])
  assert.equal(kinds.slice(1, 5).filter((kind) => kind === 'lane').length, 2, trace.order.join())
})

test('stop hands back what was not started, those behind a key included, and starts nothing more', async () => {
  const clock = fakeClock(0)
  const trace = traceOf()
  const jobs = scheduler({ concurrency: 2, mayStart: always })
  for (const name of ['1', '2', '3']) jobs.add(jobOf(clock, trace, { name, key: 'a' }))
  for (const name of ['4', '5']) jobs.add(jobOf(clock, trace, { name }))
  await clock.settle()
  assert.deepEqual(trace.order, ['1', '4'])
  let isDrained = false
  const left = jobs.stop()
  void jobs.drained().then(() => {
    isDrained = true
  })
  assert.equal(left.length, 3)
  jobs.add(jobOf(clock, trace, { name: '6' }))
  await clock.settle()
  assert.equal(isDrained, false)
  await clock.advance(100)
  assert.equal(isDrained, true)
  assert.deepEqual(trace.order, ['1', '4', 'released 6'])
})
