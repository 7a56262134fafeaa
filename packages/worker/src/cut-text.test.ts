import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cleanText, cutEnd, cutMiddle } from './cut-text.ts'

test('removes what carriers refuse and nothing else', () => {
  assert.equal(cleanText('a\u0000b\u0008\u000b\r\u001bc\ud800d\udc00\ufffe\uffff'), 'abcd')
  const kept = 'line\n\ttab \u007f\u0085 é € 😀 \u202e \ufffd'
  assert.equal(cleanText(kept), kept)
})

test('cuts the end between characters', () => {
  assert.equal(cutEnd('abc', 3), 'abc')
  assert.equal(cutEnd('abcd', 3), 'abc')
  assert.equal(cutEnd('ab😀', 3), 'ab')
})

test('cuts the middle: within its bytes, well formed, head and tail kept', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600, size: 'max' }), fc.nat(1500), (text, maxBytes) => {
      const cut = cutMiddle(text, maxBytes)
      assert.ok(Buffer.byteLength(cut) <= maxBytes && cut.isWellFormed())
      const clean = cleanText(text)
      if (Buffer.byteLength(clean) <= maxBytes && text.length <= maxBytes) return assert.equal(cut, clean)
      if (cut === '') return assert.ok(maxBytes < 40)
      const [, head = '', tail = ''] = /^([^]*)\n… \d+ bytes cut …\n([^]*)$/.exec(cut) ?? assert.fail(cut)
      assert.ok(clean.startsWith(head) && clean.endsWith(tail))
      assert.ok(Buffer.byteLength(cut) > maxBytes - 20 || text.length > clean.length)
    }),
    { numRuns: 1000 },
  )
})

test('a text of 200 MB takes no longer than a short one', () => {
  const huge = Buffer.alloc(200_000_000, '€', 'utf16le').toString('utf16le')
  const times = [0, 1, 2].map(() => {
    const started = performance.now()
    assert.match(cutMiddle(huge, 1000), /… over 99999\d{3} bytes cut …/)
    return performance.now() - started
  })
  assert.ok(Math.min(...times) < 20, `took ${Math.min(...times)} ms`)
})
