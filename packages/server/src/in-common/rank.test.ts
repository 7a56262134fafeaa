import assert from 'node:assert/strict'
import { test } from 'node:test'
import { falseAlarms, minDifference, type Ranked, rank } from './rank.ts'
import type { LetterTokens, Token } from './token.ts'
import { TokenCounts } from './token-counts.ts'

type Random = () => number

/** The same numbers every time. @see https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function seeded(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const is = (facet: string, value: string): Token => ({ facet, what: 'is', value })
const there = (facet: string): Token => ({ facet, what: 'there', value: null })
const letter = (...tokens: Token[]): LetterTokens => ({ letter: tokens })

function ranked(
  set: readonly LetterTokens[],
  others: readonly LetterTokens[],
  { leftOut = [], random = Math.random }: { leftOut?: readonly string[]; random?: Random } = {},
): Ranked {
  const counts = new TokenCounts({ random })
  for (const one of set) counts.add('set', one)
  for (const one of others) counts.add('others', one)
  return rank(counts, new Set(leftOut))
}

const times = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))
const linesOf = ({ common }: Ranked): string[] =>
  common.map(({ facet, what, value, also }) =>
    [`${facet} ${what} ${value ?? ''}`.trim(), ...also.map((each) => each.facet)].join(' | '),
  )

test('where letters do not differ, no more looks than the stated share show anything', () => {
  const looks = 1_000
  const random = seeded(20_261_129)
  let alarms = 0
  for (let look = 0; look < looks; look++) {
    const shares = times(25, () => random() ** 2)
    let id = 0
    const make = (): LetterTokens => {
      id += 1
      return letter(
        ...shares.flatMap((share, facet) => (random() < share ? [there(`f${facet}`), is(`f${facet}`, 'x')] : [])),
        ...times(6, (facet) => is(`few${facet}`, String(Math.floor(random() * (facet + 2))))),
        is('release', random() < 0.3 ? '1' : '2'),
        is('id', String(id)),
      )
    }
    const [here, rest] = [5 + Math.floor(random() * 60), 20 + Math.floor(random() * 150)]
    if (ranked(times(here, make), times(rest, make), { random }).common.length > 0) alarms += 1
  }
  assert.ok(alarms <= looks * falseAlarms, `${alarms} of ${looks} looks raised a false alarm`)
  assert.ok(alarms > 0, 'so careful that nothing is ever found is no use')
})

test('differences that are there are found, and the stronger one first', () => {
  const looks = 200
  const random = seeded(7)
  const planted = (tenant: number, region: number): LetterTokens =>
    letter(
      is('tenant', random() < tenant ? 'acme' : `t${Math.floor(random() * 20)}`),
      is('region', random() < region ? 'CH' : 'EU'),
      is('host', String(Math.floor(random() * 4))),
      is('id', String(random())),
    )
  let found = 0
  for (let look = 0; look < looks; look++) {
    const lines = linesOf(
      ranked(
        times(60, () => planted(0.95, 0.6)),
        times(300, () => planted(0.1, 0.2)),
        { random },
      ),
    )
    if (lines[0] === 'tenant is acme' && lines.includes('region is CH')) found += 1
  }
  assert.ok(found >= looks * 0.95, `${found} of ${looks}`)
})

test('five letters are enough when none of the others is like them, and four never are', () => {
  const others = times(40, (n) => letter(is('release', `1.${n % 3}`)))
  const of = (count: number): Ranked =>
    ranked(
      times(count, () => letter(is('release', '2.0'))),
      others,
    )
  const [first] = of(5).common
  assert.deepEqual(first?.inSet, { with: 5, of: 5 })
  assert.deepEqual(first?.others, { with: 0, of: 40 })
  assert.equal(first?.lift, null)
  assert.ok((first?.surprise ?? 1) < 0.75, 'of five letters little is sure')
  assert.deepEqual(of(4).common, [])
})

test('a sure but small difference is not shown', () => {
  const half = (count: number, share: number): LetterTokens[] =>
    times(count, (n) => letter(is('host', n < count * share ? 'a' : 'b')))
  assert.deepEqual(ranked(half(3_000, 0.56), half(3_000, 0.5)).common, [])
  const [shown] = ranked(half(3_000, 0.64), half(3_000, 0.5)).common
  assert.ok(shown !== undefined && shown.surprise >= minDifference)
  assert.ok(Math.abs((shown.lift ?? 0) - 1.28) < 0.01)
})

test('what the same letters have is one line, led by what somebody can act on', () => {
  const set = times(20, (n) =>
    letter(is('attempts', '1'), is('host', 'h3'), is('release', '1.4.1'), is('id', String(n))),
  )
  const others = times(50, (n) =>
    letter(is('attempts', '5'), is('host', n < 5 ? 'h3' : 'h1'), is('release', '1.4.0'), is('id', `o${n}`)),
  )
  assert.deepEqual(linesOf(ranked(set, others)), ['release is 1.4.1 | attempts', 'host is h3'])
})

test('as many letters are not the same letters', () => {
  const set = times(40, (n) => letter(is('a', n < 20 ? 'x' : 'y'), is('b', n >= 20 ? 'x' : 'y')))
  const others = times(60, () => letter(is('a', 'z'), is('b', 'z')))
  assert.deepEqual(linesOf(ranked(set, others)).toSorted(), ['a is x | b', 'a is y | b'])
  const shifted = times(40, (n) => letter(is('a', n < 20 ? 'x' : 'z'), is('b', n >= 20 ? 'x' : 'z')))
  assert.deepEqual(linesOf(ranked(shifted, others)).toSorted(), ['a is x', 'b is x'])
})

test('what is missing is found, but nothing is called missing below an array', () => {
  const full = letter(there('header:x'), there('body:/items[]/sku'))
  const { common } = ranked(
    times(20, () => letter()),
    times(50, () => full),
  )
  assert.deepEqual(
    common.map(({ facet, what, value, also }) => [facet, what, value, also.length]),
    [['header:x', 'missing', null, 0]],
  )
})

test('that something is there is not said beside what it is', () => {
  const full = (region: string): LetterTokens =>
    letter(there('body:/region'), { facet: 'body:/region', what: 'kind', value: 'string' }, is('body:/region', region))
  const others = [...times(25, () => full('EU')), ...times(25, () => letter())]
  assert.deepEqual(
    linesOf(
      ranked(
        times(20, () => full('CH')),
        others,
      ),
    ),
    ['body:/region is CH'],
  )
  const each = linesOf(
    ranked(
      times(20, (n) => full(`r${n}`)),
      others,
    ),
  )
  assert.deepEqual(each, ['body:/region kind string'], 'ids are said to be there')
})

test('what the letters were chosen by is left out', () => {
  const [set, others] = [times(20, () => letter(is('release', '2'))), times(50, () => letter(is('release', '1')))]
  assert.equal(ranked(set, others).common.length, 1)
  assert.equal(ranked(set, others, { leftOut: ['release'] }).common.length, 0)
})

test('a part that was not read counts nowhere', () => {
  const unread: LetterTokens = { letter: [] }
  const read: LetterTokens = { letter: [], body: [there('body:/a')] }
  const empty: LetterTokens = { letter: [], body: [] }
  assert.deepEqual(
    ranked(
      times(20, () => unread),
      times(50, () => read),
    ).common,
    [],
  )
  const [missing] = ranked(
    [...times(20, () => unread), ...times(20, () => empty)],
    times(50, () => read),
  ).common
  assert.deepEqual([missing?.what, missing?.inSet], ['missing', { with: 20, of: 20 }])
})
