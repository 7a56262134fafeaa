import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { command, cut, oneLine, withoutLinks, withoutMarkup } from './foreign-text.ts'

/** UTF-16 as a letter may hold it, lone surrogates too, thick with what means something somewhere. */
const foreign = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '<',
        '>',
        '&',
        '@',
        '://',
        'www.',
        '.',
        'com',
        'evil.COM',
        '\r\n',
        '\u0000',
        '\u202e',
        '\u2060',
        '\ud800',
        '😀',
        'x',
      ),
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''))
const lengths = fc.integer({ min: 1, max: 80 })

test('foreign text is one well-formed line that keeps its length, whatever it is', () => {
  fc.assert(
    fc.property(foreign, lengths, (text, most) => {
      for (const shown of [oneLine(text, most), withoutMarkup(text, most)]) {
        assert.ok(shown.length <= most, shown)
        assert.ok(shown.isWellFormed())
        assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\u2028\u2029]/u)
      }
      assert.doesNotMatch(withoutMarkup(text, most), /[<>]/)
    }),
    { numRuns: 2_000 },
  )
})

test('where links are made of what looks like them nothing does', () => {
  fc.assert(
    fc.property(foreign, lengths, (text, most) => {
      const shown = withoutLinks(text, most)
      assert.ok(shown.length <= most)
      assert.doesNotMatch(shown, /:\/\/|[<>]|@(?!\u2060)|[\p{L}\p{N}]\.[\p{L}\p{N}]/iu)
      assert.doesNotMatch(shown, /[\p{Cc}\u2028\u2029]|(?!\u2060)\p{Cf}/u)
    }),
    { numRuns: 2_000 },
  )
})

test('what is cut is cut between characters, and says so', () => {
  assert.equal(cut('abc', 3), 'abc')
  assert.equal(cut('abcd', 3), 'ab…')
  assert.equal(cut('a😀b', 3), 'a…')
  assert.equal(oneLine('a\r\n\tb', 9), 'a   b')
  assert.equal(oneLine('a\u202eb\u0000', 99), 'a\\u202eb\\u0000')
})

test('names of classes stay as they are; names of hosts do not, however they are written', () => {
  for (const name of ['java.lang.NullPointerException', 'Shop.Tax$Inner.RateError', 'rate 1.5', 'v2.41.0', 'end. Next'])
    assert.equal(withoutLinks(name, 200), name)
  for (const host of [
    'evil.com',
    'EVIL.COM',
    'a.photography',
    'x.XN--P1AI',
    'пример.рф',
    '例.中国',
    'evil.com/x',
    'evil.com:80',
    '(evil.com)',
    'evil.com例',
    'evil.com.1',
    'error.com',
    'evil.com例.Exception',
    'xfoo.bar',
    'evil.WebSite',
  ])
    assert.match(withoutLinks(host, 200), /\.\u2060/, host)
})

test('what is to be typed holds no link either, and a shell takes it as it was', () => {
  const typed = [
    'redrive alerts --queue billing.invoices',
    'redrive alerts --queue https://www.evil.com/a@b.io',
    'redrive cause show c_7f3k',
  ]
  for (const text of typed) {
    const shown = command(text, 500)
    assert.doesNotMatch(shown, /:\/\/|[^\\]@|\u2060|[a-z]\.(com|io|invoices)/)
    const taken = execFileSync('sh', ['-c', `printf '%s ' ${shown}`], { encoding: 'utf8' })
    assert.equal(taken.trimEnd(), text)
  }
  assert.equal(command(typed[2] ?? '', 500), typed[2])
  assert.match(command("redrive alerts --queue 'a <!here> evil.com'", 500), /‹!here› evil\.\u2060com/)
})

test('tens of megabytes of it take no time', () => {
  const parts = ['a.', '<', 'www.', '@', '\u202e', `${'a'.repeat(60)}.`, '://', 'x']
  const texts = parts.map((part) => part.repeat(30_000_000 / part.length))
  // A string that was put together is laid out when it is first looked into.
  for (const text of texts) text.charCodeAt(1)
  const fromMs = performance.now()
  for (const text of texts) assert.ok(withoutLinks(text, 3_000).length <= 3_000)
  // One word of which most would be looked through from each of its letters.
  withoutLinks('a'.repeat(200_000), 200_000)
  assert.ok(performance.now() - fromMs < 500)
})
