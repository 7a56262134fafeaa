import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide } from './decide.ts'

const none = { count: 0, shown: [] } as const
const nothing = {
  queues: [],
  causes: { neverOpened: none, withoutOwner: none, old: none },
  alerts: { raised: 0, notices: 0, byRule: [], minutesToTake: null, minutesToEnd: null, noisy: none, ignored: none },
  retention: { delete: 0, archive: 0, held: [], asks: 0 },
  stopped: [],
  uncertain: [],
} as const
const some = <T>(...shown: readonly T[]) => ({ count: shown.length, shown })
const cause = (id: string) => ({
  id,
  queue: 'orders',
  title: 'TaxRateMissing',
  waiting: 2,
  oldestAt: '2026-11-01T00:00:00.000Z',
})

test('where nothing waits there is nothing to decide', () => {
  assert.deepEqual(decide(nothing), [])
})

test('what stands still comes before what was not looked at, and that before habits', () => {
  const alert = { id: 'a_1', rule: 'depth', title: 'DEPTH orders' }
  const commands = decide({
    ...nothing,
    causes: {
      neverOpened: some(cause('c_1')),
      withoutOwner: some(cause('c_1'), cause('c_2')),
      old: some(cause('c_1'), cause('c_2')),
    },
    alerts: {
      ...nothing.alerts,
      ignored: some({ ...alert, raisedAt: '2026-11-01T00:00:00.000Z' }),
      noisy: some({ ...alert, said: 7, isOver: false }),
    },
    stopped: [{ id: 'r_1', state: 'halted', problem: 'the canary failed', unsent: 40 }],
    uncertain: [{ queue: 'orders', letters: 3 }],
    queues: [
      {
        name: 'billing',
        hygiene: {
          score: 0,
          patterns: [
            { pattern: 'unmonitored', state: 'bad', why: 'nobody is told', next: 'redrive alert test --queue billing' },
            { pattern: 'untriaged', state: 'bad', why: 'said already', next: 'redrive causes' },
            { pattern: 'general-dump', state: 'partly', why: 'a habit', next: 'redrive causes' },
          ],
        },
      } as never,
    ],
  }).map(({ command }) => command)
  assert.deepEqual(commands, [
    'redrive replay watch r_1',
    'redrive uncertain list --queue orders',
    'redrive cause show c_1',
    'redrive replay plan --cause c_2',
    'redrive queue document --owner … orders',
    'redrive alert show a_1',
    'redrive alert test --queue billing',
  ])
})

test('letters that would end all at once are somebody’s decision', () => {
  const [only] = decide({ ...nothing, retention: { ...nothing.retention, asks: 12_000 } })
  assert.equal(only?.what, '12,000 letters whose time is over')
  assert.equal(only?.command, 'redrive retention')
})
