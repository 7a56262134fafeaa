import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { noFlow, type Review } from '../review.ts'
import { reviewHtml } from './html.ts'
import { reviewMarkdown } from './markdown.ts'
import { noticeOf } from './notice-of.ts'
import { reviewText } from './plain.ts'

/** A review in which every text that may be foreign is this. */
function reviewWith(text: string): Review {
  const waiting = {
    count: 1,
    shown: [{ id: 'c_1', queue: text, title: text, waiting: 2, oldestAt: '2026-11-01T00:00:00.000Z' }],
  }
  const cause = {
    id: 'c_1',
    queue: text,
    tier: 'permanent' as const,
    title: text,
    owner: text,
    state: 'open',
    letters: 2,
    before: 1,
    isNew: true,
  }
  return {
    week: '2026-W47',
    zone: 'UTC',
    zoneNow: null,
    from: '2026-11-16T00:00:00.000Z',
    to: '2026-11-23T00:00:00.000Z',
    madeAt: '2026-11-23T00:00:00.000Z',
    headline: '1 cause.',
    total: { ...noFlow, waiting: 2, waitedBefore: 0 },
    before: noFlow,
    queues: {
      count: 1,
      shown: [
        {
          ...noFlow,
          name: text,
          owner: text,
          cameIn: 2,
          before: noFlow,
          waiting: 2,
          waitedBefore: 0,
          oldestOpenAt: null,
          traffic: { handled: 999, died: 1, deathShare: 0.001, deathShareBefore: null },
          hygiene: { score: 50, patterns: [{ pattern: 'untriaged', state: 'bad', why: text, next: text }] },
        },
      ],
    },
    causes: {
      count: 1,
      isNew: 1,
      regressed: 0,
      fixed: 0,
      top: [cause],
      movers: [cause],
      neverOpened: waiting,
      withoutOwner: waiting,
      old: waiting,
    },
    runs: {
      count: 1,
      shown: [
        {
          id: 'r_1',
          by: text,
          state: 'done',
          problem: text,
          letters: 1,
          sent: 1,
          confirmed: 1,
          returned: 0,
          uncertain: 0,
          canary: 0,
          verdict: null,
          haltedWhy: text,
        },
      ],
      ofPeople: 1,
      byState: { done: 1 },
      halted: 1,
      sent: 1,
      confirmed: 1,
      returned: 0,
      uncertain: 0,
    },
    automatic: {
      count: 1,
      shown: [
        {
          queue: text,
          tier: 'transient',
          runs: 3,
          passed: 1,
          failed: 2,
          cancelled: 0,
          sent: 9,
          confirmed: 4,
          returned: 5,
          isStopped: true,
        },
      ],
    },
    alerts: {
      raised: 1,
      notices: 1,
      byRule: [{ rule: 'depth', raised: 1, taken: 0 }],
      minutesToTake: null,
      minutesToEnd: null,
      noisy: { count: 1, shown: [{ id: 'a_1', rule: 'depth', title: text, said: 7, isOver: false }] },
      ignored: { count: 1, shown: [{ id: 'a_1', rule: 'depth', title: text, raisedAt: '2026-11-01T00:00:00.000Z' }] },
    },
    discards: { count: 1, shown: [{ reason: text, letters: 1, by: [text] }] },
    retention: {
      delete: 3,
      archive: 4,
      held: [{ why: 'never-looked-at', queue: text, letters: 5, causes: 1 }],
      asks: 0,
    },
    decisions: { count: 1, shown: [{ what: text, why: text, command: text }] },
  }
}

const hostile =
  '<script>alert(1)</script> | [click](javascript:1) ![x](//evil) @channel #12 `rm` **b** www.evil.example http://evil.example :tada: &lt; $x$ \u202e\u001b[31m\r\n# heading\n1. item \ud800'

test('nothing that a letter says is markup of a page', () => {
  const page = reviewHtml(reviewWith(hostile))
  assert.ok(!page.includes('<script'))
  assert.equal(
    reviewHtml(reviewWith('x')).split('<').length,
    page.split('<').length,
    'the same elements, whatever is in them',
  )
  assert.ok(page.isWellFormed())
})

test('nothing that a letter says is markup of Markdown: no row, link, picture, mention, heading or HTML of its own', () => {
  const plain = reviewMarkdown(reviewWith('x')).split('\n')
  const lines = reviewMarkdown(reviewWith(hostile)).split('\n')
  assert.equal(lines.length, plain.length)
  for (const [at, line] of lines.entries()) {
    const outside = line.replaceAll(/(`+) .*? \1/g, '')
    assert.ok(!/(?<!\\)(?:[<@`*[\]$]|:\S)/.test(outside.replace(/^\|( -+:? \|| --: \|)+$/, '')), line)
    assert.equal(outside.match(/(?<!\\)\|/g)?.length, (plain[at] ?? '').match(/(?<!\\)\|/g)?.length, line)
    assert.ok(!/www\.e/.test(outside), line)
  }
})

test('a code span of Markdown ends where it is to end', () => {
  const markdown = reviewMarkdown(reviewWith('a ``` b ` c'))
  assert.ok(markdown.includes('   ```` a ``` b ` c ````\n'))
})

test('nothing that a letter says moves a cursor or hides', () => {
  for (const written of [
    reviewText(reviewWith(hostile)),
    reviewMarkdown(reviewWith(hostile)),
    reviewHtml(reviewWith(hostile)),
  ])
    assert.ok(!/[\p{Cf}\p{Zl}\p{Zp}]|[^\n\P{Cc}]/u.test(written))
})

test('whatever the texts are, all forms are made, and are as long as their parts allow', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), (text) => {
      const review = reviewWith(text)
      const lines = reviewMarkdown(reviewWith('x')).split('\n').length
      assert.equal(reviewMarkdown(review).split('\n').length, lines)
      assert.ok(reviewHtml(review).length < 500_000)
      assert.ok(reviewText(review).isWellFormed())
      for (const { name, value } of noticeOf(review, 0).facts) assert.ok(name.length <= 400 && value.length <= 400)
    }),
  )
})

test('a notice has at most ten facts, and says how much more there is to decide', () => {
  const review = reviewWith('x')
  const decision = { what: 'a', why: 'b', command: 'c' }
  const many = { ...review, decisions: { count: 25, shown: Array.from({ length: 20 }, () => decision) } }
  const { facts } = noticeOf(many, 0)
  assert.equal(facts.length, 10)
  assert.deepEqual(facts.at(-1), { name: 'to decide', value: '17 more' })
})

const plain = reviewWith('x')
const none = { count: 0, shown: [] } as const

test('where nobody has to decide anything there is no empty list', () => {
  const review = { ...plain, decisions: none }
  assert.match(reviewText(review), /anything\.\n\nQueues\n/)
  assert.match(reviewMarkdown(review), /anything\.\n\n## Queues\n/)
  assert.ok(!reviewHtml(review).includes('<ol></ol>'))
})

test('alerts that stand since before this time are there when none was raised in it, and are counted as what they are', () => {
  const ignored = { count: 12, shown: plain.alerts.ignored.shown }
  const alerts = { ...plain.alerts, raised: 0, notices: 0, byRule: [], noisy: none, ignored }
  const text = reviewText({ ...plain, alerts })
  assert.match(text, /None was raised in this time\.\n\nRaised more than a week ago, taken by nobody:\n/)
  assert.match(text, /\n11 more alerts\.\n/)
  assert.doesNotMatch(text, /\n11 more causes\.\n/)
})

test('of one thing it speaks as of one', () => {
  const policy = { ...plain.automatic.shown[0], runs: 1, sent: 1 } as (typeof plain.automatic.shown)[0]
  const text = reviewText({
    ...plain,
    causes: { ...plain.causes, fixed: 1, neverOpened: { ...plain.causes.neverOpened, count: 2 } },
    automatic: { count: 1, shown: [policy] },
    retention: { ...plain.retention, delete: 1 },
  })
  assert.doesNotMatch(text, /(?<![\d,.])1 (?:more )?(?:letters|runs|notices|causes|queues|alerts|reasons|were|are)\b/)
  for (const line of [
    '1 more cause.',
    '1 letter is deleted',
    '1 was fixed',
    '1 run (1 passed',
    '1 letter sent',
    '1 notice written',
  ])
    assert.ok(text.includes(line), line)
})

test('a review of a time that is over says of each which moment it is of; one that is made at its end has one', () => {
  assert.match(reviewText(plain), /what waits and what to decide is as of then\./)
  const late = reviewText({ ...plain, madeAt: '2026-11-25T07:30:00.000Z' })
  assert.match(
    late,
    /in each queue at the end\. What to decide, .* are as of 2026-11-25 07:30 UTC, when this was made\./,
  )
  assert.match(late, / waiting at the end /)
})

test('a cause that came first in this time has its own state', () => {
  const [first] = plain.causes.top
  const top = [{ ...first, state: 'snoozed', before: 0 } as NonNullable<typeof first>]
  assert.match(reviewText({ ...plain, causes: { ...plain.causes, top } }), /^c_1 .* first came +snoozed /m)
})
