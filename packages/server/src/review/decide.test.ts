import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide } from './decide.ts'

const nothing = {
  queues: [],
  causes: { neverOpened: [], withoutOwner: [], old: [] },
  alerts: { ignored: [], noisy: [] },
  asks: 0,
  stopped: [],
  uncertain: [],
} as const
const cause = (id: string, queue = 'orders') => ({
  id,
  queue,
  title: 'TaxRateMissing',
  waiting: 2,
  oldestAt: '2026-11-01T00:00:00.000Z',
})
const queue = (name: string, ...patterns: readonly { pattern: string; state?: string; why: string; next: string }[]) =>
  ({
    name,
    lostAtSource: 0,
    hygiene: { score: 0, patterns: patterns.map((each) => ({ state: 'bad', ...each })) },
  }) as never
const lost = (name: string) =>
  ({
    ...(queue(name, {
      pattern: 'retention-too-short',
      why: 'up to 4 letters were deleted',
      next: 'redrive doctor',
    }) as {}),
    lostAtSource: 4,
  }) as never

test('where nothing waits there is nothing to decide', () => {
  assert.deepEqual(decide(nothing), [])
})

test('what is lost comes first, then what stands still, then what was not looked at, and that before habits', () => {
  const alert = { id: 'a_1', rule: 'depth', title: 'DEPTH orders' }
  const commands = decide({
    ...nothing,
    causes: {
      neverOpened: [cause('c_1')],
      withoutOwner: [cause('c_1'), cause('c_2')],
      old: [cause('c_1'), cause('c_2')],
    },
    alerts: {
      ignored: [{ ...alert, raisedAt: '2026-11-01T00:00:00.000Z' }],
      noisy: [{ ...alert, said: 7, isOver: false }],
    },
    stopped: [{ id: 'r_1', state: 'halted', problem: 'the canary failed', unsent: 40 }],
    uncertain: [{ queue: 'orders', letters: 3 }],
    queues: [
      queue(
        'billing',
        { pattern: 'unmonitored', why: 'nobody is told', next: 'redrive alert test --queue billing' },
        { pattern: 'untriaged', why: 'said already', next: 'redrive causes' },
        { pattern: 'general-dump', state: 'partly', why: 'a habit', next: 'redrive causes' },
      ),
      lost('orders'),
    ],
  }).map(({ command }) => command)
  assert.deepEqual(commands, [
    'redrive doctor',
    'redrive replay watch r_1',
    'redrive uncertain list --queue orders',
    'redrive cause show c_1',
    'redrive replay plan --cause c_2',
    'redrive queue show orders',
    'redrive alert show a_1',
    'redrive alert test --queue billing',
  ])
})

test('queues of which the same is wrong are one decision, which names some of them', () => {
  const names = ['orders', 'billing', 'mail', 'stock', 'tax']
  const gone = { pattern: 'not-captured', why: 'its place is not read', next: 'redrive doctor' }
  assert.deepEqual(decide({ ...nothing, queues: names.map((name) => queue(name, gone)) }), [
    {
      what: '5 queues, orders, billing, mail and 2 more',
      why: 'its place is not read',
      command: 'redrive doctor',
    },
  ])
  const [first, second] = decide({ ...nothing, queues: [queue('orders', gone), lost('billing')] })
  assert.deepEqual([first?.what, second?.what], ['orders', 'billing'])
})

test('one letter waits, and two wait', () => {
  const alone = { ...cause('c_1'), waiting: 1 }
  const why = (...causes: readonly (typeof alone)[]) =>
    decide({ ...nothing, causes: { ...nothing.causes, withoutOwner: causes } }).map((each) => [each.what, each.why])
  assert.deepEqual(why(alone), [['1 cause of orders that nobody owns', '1 letter waits']])
  assert.deepEqual(why(alone, alone), [['2 causes of orders that nobody owns', '2 letters wait']])
})

test('a name that a shell or an option would read is one word of the command', () => {
  const command = (name: string) => decide({ ...nothing, uncertain: [{ queue: name, letters: 1 }] })[0]?.command
  assert.equal(command('-x'), 'redrive uncertain list --queue=-x')
  assert.equal(command(`a'; rm -rf /`), `redrive uncertain list --queue 'a'\\''; rm -rf /'`)
})

test('letters that would end all at once are somebody’s decision', () => {
  const [only] = decide({ ...nothing, asks: 12_000 })
  assert.equal(only?.what, '12,000 letters whose time is over')
  assert.equal(only?.command, 'redrive retention')
})
