import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseCauseId, parseLetterId, parsePlanId, showCauseId, showLetterId } from './ids.ts'

test('a letter id survives the way out and back, in upper case too', () => {
  for (let n = 0; n < 200; n++) {
    const uuid = randomUUID()
    const text = showLetterId(uuid)
    assert.match(text, /^l_[0-9a-z]{26}$/)
    assert.equal(parseLetterId(text), uuid)
    assert.equal(parseLetterId(text.toUpperCase()), uuid)
    assert.throws(() => parsePlanId(text), { code: 'NOT_FOUND' })
  }
})

test('every signed 64-bit number survives the way out and back', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (id) => parseCauseId(showCauseId(id)) === id),
  )
  assert.equal(showCauseId('-1'), 'c_fzzzzzzzzzzzz')
})

test('what is no id is refused', () => {
  for (const text of ['', 'c_', 'c_zzzzzzzzzzzzz', 'c_000000000000u', 'c_00000000000000', '1', "c_' or 1=1 --'"]) {
    assert.throws(() => parseCauseId(text), { code: 'NOT_FOUND' }, text)
  }
  assert.throws(() => parseLetterId(`l_${'z'.repeat(26)}`), { code: 'NOT_FOUND' })
})
