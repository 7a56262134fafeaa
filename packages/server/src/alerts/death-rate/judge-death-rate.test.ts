import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Deaths, judgeDeathRate, stillHolds } from './judge-death-rate.ts'

const limit = { share: 0.05, least: 20 }
/** `3/100`: three of a hundred died. */
const deaths = (text: string): Deaths => {
  const [died = 0, of = 0] = text.split('/').map(Number)
  return { died, handled: of - died }
}
const raised = (recent: string, hour: string): 5 | 60 | null =>
  judgeDeathRate({ recent: deaths(recent), hour: deaths(hour) }, limit)?.minutes ?? null
const holds = (recent: string, hour: string): boolean =>
  stillHolds({ recent: deaths(recent), hour: deaths(hour) }, limit)

test('too much is what is surely more than the limit, in five minutes or in the hour', () => {
  assert.equal(raised('10/100', '10/5000'), 5)
  assert.equal(raised('50/1000', '50/1000'), null, 'at the limit is not surely beyond it')
  assert.equal(raised('70/1000', '70/1000'), 5)
  assert.equal(raised('1/10', '12/100'), 60)
  assert.equal(raised('4/100', '100/1000'), 60)
})

test('small numbers say little: one of twenty is no twentieth', () => {
  assert.equal(raised('1/1', '1/1'), null)
  assert.equal(raised('19/19', '19/19'), null, 'fewer than the least say nothing at all')
  assert.equal(raised('2/20', '2/20'), null, 'ten percent that may be three')
  assert.equal(raised('4/20', '4/20'), 5)
  assert.equal(raised('0/0', '0/0'), null)
})

test('an hour that was bad says nothing once the last five minutes are good', () => {
  assert.equal(raised('0/100', '200/1000'), null)
  assert.equal(raised('2/100', '200/1000'), null, 'nor while they would end it at once')
  assert.equal(raised('0/19', '200/1000'), 60, 'too few to say so')
})

test('it holds until half of the limit is left, by the five minutes or, where they are few, by the hour', () => {
  assert.equal(holds('3/100', '0/0'), true)
  assert.equal(holds('2/100', '500/1000'), false)
  assert.equal(holds('0/19', '30/1000'), true)
  assert.equal(holds('19/19', '20/1000'), false)
  assert.equal(holds('50/1000', '50/100000'), true, 'what has just begun is little of an hour')
  assert.equal(holds('0/0', '0/0'), true, 'nothing is known')
})

test('whatever is raised holds', () => {
  const spans = ['0/0', '0/19', '1/10', '2/100', '3/100', '10/100', '70/1000', '0/500']
  for (const recent of spans)
    for (const hour of [...spans, '200/1000'])
      if (raised(recent, hour) !== null) assert.ok(holds(recent, hour), `${recent} ${hour}`)
})
