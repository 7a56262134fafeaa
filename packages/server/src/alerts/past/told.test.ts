import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Saying, told } from './told.ts'

/** `change at` or `change at→told`; of the alert `a`, or of the one that is named first. */
const sayings = (...lines: readonly string[]): readonly Saying[] =>
  lines.map((line) => {
    const [, alert = 'a', change = '', at = '', later = at] = /^(?:(\w+): )?(\w+) (\d+)(?:→(\d+))?$/.exec(line) ?? []
    return {
      atMs: Number(at),
      toldMs: Number(later),
      alert,
      notifier: 'team',
      change: change as Saying['change'],
      rule: alert === 'storm' ? 'storm' : 'depth',
      urgency: 'ticket',
      queue: null,
      cause: null,
      title: '',
    }
  })
const lines = (all: readonly Saying[]): readonly string[] => all.map(({ change, toldMs }) => `${change} ${toldMs}`)
const toldOf = (...all: readonly string[]): readonly string[] => lines(told(sayings(...all), 100))

test('what is said in a quiet time is told after it, and what follows waits with it', () => {
  assert.deepEqual(toldOf('raised 1→9', 'acknowledged 3', 'b: raised 4'), ['raised 4', 'raised 9', 'acknowledged 9'])
})

test('what began and ended in it is told to nobody; what was told before has its end told', () => {
  assert.deepEqual(toldOf('raised 1→9', 'resolved 3'), [])
  assert.deepEqual(toldOf('raised 1→9', 'resolved 12'), ['raised 9', 'resolved 12'])
  assert.deepEqual(toldOf('raised 1', 'repeated 3→9', 'resolved 5'), ['raised 1', 'repeated 9', 'resolved 9'])
})

test('what only repeats what waits is not told, but what joined a storm is', () => {
  assert.deepEqual(toldOf('raised 1→9', 'repeated 3→9', 'repeated 5→9', 'escalated 6→9'), ['raised 9', 'escalated 9'])
  assert.deepEqual(toldOf('storm: raised 1→9', 'storm: repeated 3→9'), ['raised 9', 'repeated 9'])
  assert.deepEqual(toldOf('raised 1→9', 'repeated 12→19'), ['raised 9', 'repeated 19'])
})

test('what is told after the time is not in it', () => {
  assert.deepEqual(toldOf('raised 1', 'b: raised 99→101'), ['raised 1'])
})
