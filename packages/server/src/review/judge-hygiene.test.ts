import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HygieneFacts, judgeHygiene, type Pattern } from './judge-hygiene.ts'

const run = {
  id: 'r_1',
  by: 'ana',
  state: 'done',
  letters: 50,
  sent: 50,
  returned: 0,
  canary: 5,
  verdict: 'pass',
  haltedWhy: null,
}
const good: HygieneFacts = {
  queue: 'orders',
  sources: { read: 1, inTrouble: 0, left: 0 },
  told: ['oncall'],
  isUnlimited: false,
  neverOpened: 0,
  old: 0,
  owner: 'team-reefer',
  missing: [],
  runs: [run],
  keptSo: { leastDays: 30, endsUnseen: false },
  lostAtSource: 0,
  keptBriefly: [],
  letters: 100,
  unknownTier: 0,
  consumers: 1,
}

test('a queue that everybody looks after has all points, and there is nothing to do', () => {
  const { score, patterns } = judgeHygiene(good)
  assert.equal(score, 100)
  assert.deepEqual(
    patterns.map(({ state }) => state),
    ['fine', 'fine', 'fine', 'fine', 'fine', 'fine'],
  )
  assert.ok(patterns.every(({ state, next }) => (state === 'fine' || state === 'unknown') === (next === null)))
})

const cases: readonly (readonly [
  string,
  Partial<HygieneFacts>,
  Pattern,
  'fine' | 'partly' | 'bad' | 'unknown',
  number,
])[] = [
  ['nobody reads its place', { sources: { read: 0, inTrouble: 0, left: 1 } }, 'not-captured', 'bad', 83],
  [
    'nothing is known of where it came from',
    { sources: { read: 0, inTrouble: 0, left: 0 } },
    'not-captured',
    'bad',
    83,
  ],
  ['its place cannot be read', { sources: { read: 0, inTrouble: 1, left: 0 } }, 'not-captured', 'partly', 92],
  ['one of two places is left', { sources: { read: 1, inTrouble: 0, left: 1 } }, 'not-captured', 'partly', 92],
  ['nobody is told', { told: [] }, 'unmonitored', 'bad', 83],
  ['nothing is limited', { isUnlimited: true }, 'unmonitored', 'partly', 92],
  ['nobody looked', { neverOpened: 1 }, 'untriaged', 'bad', 83],
  ['letters wait', { old: 2 }, 'untriaged', 'bad', 83],
  ['nobody owns it', { owner: null, missing: ['owner'] }, 'untriaged', 'partly', 92],
  ['something is not said', { missing: ['runbook'] }, 'untriaged', 'partly', 92],
  ['nothing was replayed', { runs: [] }, 'replay-without-thought', 'unknown', 100],
  ['letters died again and it went on', { runs: [run, { ...run, returned: 11 }] }, 'replay-without-thought', 'bad', 83],
  ['a fifth died again', { runs: [{ ...run, returned: 10 }] }, 'replay-without-thought', 'fine', 100],
  [
    'letters died again and it halted itself, and somebody cancelled it',
    { runs: [{ ...run, state: 'cancelled', returned: 40, haltedWhy: 'its canary failed' }] },
    'replay-without-thought',
    'fine',
    100,
  ],
  ['too few were sent to tell', { runs: [{ ...run, sent: 9, returned: 9 }] }, 'replay-without-thought', 'fine', 100],
  [
    'many went without a canary',
    { runs: [{ ...run, letters: 101, canary: 0, verdict: null }] },
    'replay-without-thought',
    'partly',
    92,
  ],
  [
    'few went without a canary',
    { runs: [{ ...run, letters: 100, canary: 0, verdict: null }] },
    'replay-without-thought',
    'fine',
    100,
  ],
  [
    'somebody overrode the verdict',
    { runs: [{ ...run, verdict: 'overridden' }] },
    'replay-without-thought',
    'partly',
    92,
  ],
  ['open letters end unseen', { keptSo: { leastDays: 30, endsUnseen: true } }, 'retention-too-short', 'bad', 83],
  ['two weeks are not kept', { keptSo: { leastDays: 13, endsUnseen: false } }, 'retention-too-short', 'partly', 92],
  ['two weeks are kept', { keptSo: { leastDays: 14, endsUnseen: false } }, 'retention-too-short', 'fine', 100],
  ['nothing is deleted', { keptSo: { leastDays: Infinity, endsUnseen: false } }, 'retention-too-short', 'fine', 100],
  ['a source deleted letters', { lostAtSource: 3 }, 'retention-too-short', 'bad', 83],
  [
    'a source keeps for a day',
    { keptBriefly: [{ why: 'orders on kafka keeps letters for 24 h', longer: 'kafka-configs.sh …' }] },
    'retention-too-short',
    'partly',
    92,
  ],
  ['half say nothing', { unknownTier: 50 }, 'general-dump', 'bad', 83],
  ['a fifth says nothing', { unknownTier: 20 }, 'general-dump', 'partly', 92],
  ['less than a fifth says nothing', { unknownTier: 19 }, 'general-dump', 'fine', 100],
  ['six consumers share it', { consumers: 6 }, 'general-dump', 'partly', 92],
  ['five consumers share it', { consumers: 5 }, 'general-dump', 'fine', 100],
  ['few letters came', { letters: 19, unknownTier: 19 }, 'general-dump', 'unknown', 100],
]

for (const [name, facts, pattern, state, score] of cases)
  test(`${pattern}: when ${name} it is ${state}`, () => {
    const judged = judgeHygiene({ ...good, ...facts })
    assert.equal(judged.patterns.find((each) => each.pattern === pattern)?.state, state)
    assert.equal(judged.score, score)
  })

test('of what is unknown nothing counts, and a queue of which everything is bad has no point', () => {
  const bad = {
    ...good,
    sources: { read: 0, inTrouble: 0, left: 0 },
    told: [],
    neverOpened: 1,
    runs: [],
    letters: 0,
    keptSo: { leastDays: 7, endsUnseen: true },
  }
  assert.equal(judgeHygiene(bad).score, 0)
})

test('a name that a shell would read is one word of the command', () => {
  const { patterns } = judgeHygiene({ ...good, queue: `a'; rm -rf /`, neverOpened: 1 })
  assert.equal(patterns[2]?.next, `redrive causes --open --queue 'a'\\''; rm -rf /'`)
})

test('what an option would read is one word of the command as well', () => {
  const nextOf = (facts: Partial<HygieneFacts>) =>
    judgeHygiene({ ...good, ...facts, queue: '-x' }).patterns.flatMap(({ next }) => (next === null ? [] : [next]))
  assert.deepEqual(nextOf({ neverOpened: 1 }), ['redrive causes --open --queue=-x'])
  assert.deepEqual(nextOf({ told: [] }), ['redrive alerts test --queue=-x'])
  assert.deepEqual(nextOf({ isUnlimited: true }), ['redrive queue document --alert-open 1000 -- -x'])
})
