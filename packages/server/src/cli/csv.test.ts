import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { csvLine } from './csv.ts'

/** What a reader by RFC 4180 makes of a line. */
function parsed(line: string): string[] {
  const values: string[] = []
  const pattern = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/gy
  for (;;) {
    const match = pattern.exec(line)
    assert.ok(match, line)
    values.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] === '') return values
  }
}

test('any text comes back from a line of CSV as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (values) => {
      const back = parsed(csvLine(values))
      assert.deepEqual(
        back.map((value, index) => (value === `'${values[index]}` ? value.slice(1) : value)),
        values,
      )
    }),
  )
})

test('nothing is calculated by a spreadsheet that opens it', () => {
  for (const evil of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', '=cmd|" /C calc"!A0'])
    assert.equal(parsed(csvLine([evil]))[0], `'${evil}`)
  assert.equal(csvLine(['a', 7, null, 'x,y', 'say "so"', ' b']), 'a,7,,"x,y","say ""so"""," b"')
})
