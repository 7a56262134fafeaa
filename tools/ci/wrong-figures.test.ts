import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wrongFigures } from './wrong-figures.ts'

const good = {
  produced: 9,
  captured: 5,
  causes: 3,
  replayed: 4,
  confirmed: 4,
  returned: 0,
  open: 1,
  unaccounted: 0,
  seconds: 2,
}

test('a scenario that balances passes, and each way not to is named', () => {
  assert.deepEqual(wrongFigures(JSON.stringify(good)), [])
  assert.match(wrongFigures('').join(), /no line of JSON/)
  assert.match(wrongFigures('{"produced":9}').join(), /captured is missing/)
  for (const [change, said] of [
    [{ captured: 0 }, /nothing happened/],
    [{ replayed: 0, confirmed: 0 }, /nothing was replayed/],
    [{ confirmed: 3 }, /not every replay has an outcome/],
    [{ unaccounted: 1 }, /unaccounted/],
  ] as const) {
    assert.match(wrongFigures(JSON.stringify({ ...good, ...change })).join(), said)
  }
})
