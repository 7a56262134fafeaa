import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeClock } from '../testing/fake-clock.ts'
import type { Linked } from './chain.ts'
import { type Deadlines, deadlines, type Expiring } from './deadlines.ts'

interface Item extends Expiring, Linked<Item> {
  readonly name: string
}

function item(name: string): Item {
  return { name, endsAtMs: 0, before: null, after: null, chained: false }
}

function bed(): {
  readonly clock: ReturnType<typeof fakeClock>
  readonly looks: () => number
  readonly running: Deadlines<Item>
  readonly expired: readonly string[]
} {
  const clock = fakeClock(0)
  let looks = 0
  const counting = { ...clock, monotonic: () => (looks++, clock.monotonic()) }
  const expired: string[] = []
  const running = deadlines<Item>({
    clock: counting,
    timeoutMs: 100,
    signal: new AbortController().signal,
    expire: ({ name }) => expired.push(name),
  })
  return { clock, looks: () => looks, running, expired }
}

test('what begins together costs few looks at the clock, and expires together', async () => {
  const { clock, looks, running, expired } = bed()
  const many = Array.from({ length: 500 }, (_, n) => item(String(n)))
  for (const each of many) running.watch(each)
  await clock.advance(99)
  assert.deepEqual(expired, [])
  assert.ok(looks() < 10, `${looks()} looks`)
  await clock.advance(1)
  assert.equal(expired.length, 500)
})

test('whoever asks early gets the time that counts, and those before it theirs', async () => {
  const { clock, running, expired } = bed()
  const [first, second, third] = [item('first'), item('second'), item('third')]
  running.watch(first)
  assert.equal(running.deadlineOf(second), 100)
  assert.equal(first.endsAtMs, 100)
  running.watch(second)
  await clock.advance(40)
  running.watch(third)
  assert.equal(running.deadlineOf(third), 140)
  await clock.advance(60)
  assert.deepEqual(expired, ['first', 'second'])
  await clock.advance(39)
  assert.deepEqual(expired, ['first', 'second'])
  await clock.advance(1)
  assert.deepEqual(expired, ['first', 'second', 'third'])
})

test('what is over at once has had its time dated all the same', async () => {
  const { clock, running, expired } = bed()
  const [quick, slow] = [item('quick'), item('slow')]
  running.watch(quick)
  running.watch(slow)
  assert.equal(running.unwatch(quick), true)
  await clock.advance(50)
  assert.equal(running.deadlineOf(quick), 100)
  await clock.advance(50)
  assert.deepEqual(expired, ['slow'])
  assert.equal(running.unwatch(slow), false)
})

test('after a quiet time the next one is watched again', async () => {
  const { clock, running, expired } = bed()
  const [first, asked] = [item('first'), item('asked')]
  running.watch(first)
  await clock.advance(100)
  await clock.advance(1_000)
  assert.equal(running.deadlineOf(asked), 1_200)
  running.watch(asked)
  await clock.advance(100)
  assert.deepEqual(expired, ['first', 'asked'])
})

test("who corrects the clock changes nobody's time", async () => {
  const { clock, running, expired } = bed()
  const each = item('each')
  running.watch(each)
  await clock.advance(50)
  clock.jump(-3_600_000)
  assert.equal(running.deadlineOf(each), 100 - 3_600_000)
  await clock.advance(49)
  assert.deepEqual(expired, [])
  clock.jump(7_200_000)
  await clock.advance(0)
  assert.deepEqual(expired, [])
  await clock.advance(1)
  assert.deepEqual(expired, ['each'])
})
