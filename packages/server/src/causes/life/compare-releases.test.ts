import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareReleases } from './compare-releases.ts'

/** Each list from old to new. */
const ascending: Readonly<Record<string, readonly string[]>> = {
  'Semantic Versioning, its own example': [
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
  ],
  'numbers are numbers': ['0.9', '1.2', '1.10', '2', '10.0.0', '99999999999999999999.1', '100000000000000000000.0'],
  'a leading v': ['v1.4.0', '1.4.1', 'V1.4.2'],
  'words that follow directly or after a dot': ['1.4.0a1', '1.4.0b2', '1.4.0rc1', '1.4.0rc10', '1.4.0', '1.4.0k'],
  Maven: ['1.4.0.Alpha1', '1.4.0.CR2', '1.4.0-SNAPSHOT', '1.4.0.Final', '1.4.1.RELEASE'],
  dates: ['2025-12-31', '2026.01.02', '2026-11-28', '2026-11-28.2', '2026-11-28.10', '2026-11-29'],
  'dates in one': ['20251231', '20261128', '20261129'],
  'build numbers': ['7', '41', '1234'],
  'builds of one version': ['1.4.1', '1.4.1+7', '1.4.1+12', '1.4.2'],
  'commits since, as git describe writes': ['1.4.1', 'v1.4.1-3-g5f2ab71', '1.4.1-12-gdeadbee', '1.4.2-rc1', '1.4.2'],
  'with a name': ['orders-1.4.0', 'orders-v1.4.1', 'Orders-1.10'],
  'name and scope': ['shop/orders@1.4.0', 'shop/orders@v1.4.1'],
}

for (const [what, releases] of Object.entries(ascending))
  test(`from old to new: ${what}`, () => {
    for (const [i, a] of releases.entries())
      for (const [j, b] of releases.entries())
        assert.equal(Math.sign(compareReleases(a, b) ?? Number.NaN), Math.sign(i - j), `${a} and ${b}`)
  })

test('the same release by another spelling', () => {
  for (const [a, b] of [
    ['1.4', 'v1.4.0'],
    ['2026-11-28', '2026.11.28'],
    ['1.4.0-rc1', '1.4.0-RC.1'],
    ['1.4.0', '1.4.0.Final'],
    ['007', '7'],
  ] as const)
    assert.equal(compareReleases(a, b), 0, `${a} and ${b}`)
})

test('what cannot be compared says so', () => {
  for (const name of [
    '5f2ab71',
    '7e3',
    'deadbee',
    'main',
    '',
    'latest',
    '12345678-9abc-4def-8123-456789abcdef',
    'v',
    'orders-5f2ab71',
    '1'.repeat(300),
    '\u0000',
  ]) {
    assert.equal(compareReleases(name, '1.4.1'), null, name)
    assert.equal(compareReleases('1.4.1', name), null, name)
  }
  assert.equal(compareReleases('orders-1.4', 'invoices-1.4'), null, 'releases of two programs')
})

const number = fc.oneof(fc.nat({ max: 3 }), fc.nat()).map(String)
const run = fc.oneof(number, fc.constantFrom('alpha', 'beta', 'rc', 'rc1', 'x', 'hotfix', 'SNAPSHOT'))
const listOf = (sign: string): fc.Arbitrary<string> =>
  fc.array(run, { maxLength: 3 }).map((runs) => (runs.length === 0 ? '' : sign + runs.join('.')))
const version = fc
  .tuple(
    fc.constantFrom('', 'v', 'a-'),
    fc.array(number, { minLength: 1, maxLength: 3 }),
    fc.oneof(listOf('-'), listOf('.'), fc.constant('-3-g5f2ab71'), fc.constant('rc2')),
    listOf('+'),
  )
  .map(([name, numbers, suffix, build]) => name + numbers.join('.') + suffix + build)

test('the order is one: antisymmetric, reflexive and transitive, whatever the versions', () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      const order = (x: string, y: string): number | null => {
        const found = compareReleases(x, y)
        return found === null ? null : Math.sign(found)
      }
      const [ab, ba, bc, ac] = [order(a, b), order(b, a), order(b, c), order(a, c)]
      assert.equal(ab === null ? null : ab + 0, ba === null ? null : 0 - ba)
      if (order(a, a) !== null) assert.equal(order(a, a), 0)
      if (ab === null || bc === null) return
      assert.notEqual(ac, null)
      if (ab <= 0 && bc <= 0) assert.ok((ac ?? 1) <= 0)
      if (ab === 0 && bc === 0) assert.equal(ac, 0)
      if ((ab < 0 && bc <= 0) || (ab <= 0 && bc < 0)) assert.ok((ac ?? 0) < 0)
    }),
    { numRuns: 5_000 },
  )
})

test('any text is compared in time and never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 250 }), fc.oneof(version, fc.string()), (a, b) => {
      compareReleases(a, b)
    }),
  )
  const began = performance.now()
  for (const part of ['a-', '1.', '-', 'a', '1', '1-1-1-', '+', '0'])
    compareReleases(part.repeat(200 / part.length), '1.0')
  assert.ok(performance.now() - began < 200)
})
