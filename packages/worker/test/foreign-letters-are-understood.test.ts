import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { readLetter } from '@redrive/worker/readers'
import { readFixtures } from '../../../bench/letter-fixtures.ts'
import { fields, score } from '../../../bench/letter-score.ts'

const folder = join(import.meta.dirname, '../fixtures/letters')

/** What was reached, of six fields a letter; the rest does not stand in the letters. */
const reached = {
  'kafka-connect-4.3.1': { letters: 41, right: 165 },
  'pg-boss-12.33.5': { letters: 27, right: 131 },
  'rabbitmq-4.0.5': { letters: 26, right: 90 },
  'spring-kafka-3.3.10': { letters: 30, right: 145 },
  'spring-kafka-retryable-loop-3.3.10': { letters: 15, right: 80 },
}

for (const [name, { letters, right }] of Object.entries(reached)) {
  test(`letters of ${name}: nothing wrong, and no less right than before`, async () => {
    const fixtures = await readFixtures(join(folder, `${name}.jsonl.gz`))
    const { counts, wrong } = score(fixtures, readLetter)
    assert.equal(fixtures.length, letters)
    assert.deepEqual(wrong, [])
    const sum = fields.reduce((total, field) => total + counts[field].right, 0)
    assert.ok(sum >= right, `${sum} right`)
  })
}

test('a reader that guesses is caught', async () => {
  const fixtures = await readFixtures(join(folder, 'rabbitmq-4.0.5.jsonl.gz'))
  const { wrong } = score(fixtures, (letter) => {
    const read = readLetter(letter)
    return { ...read, facts: { ...read.facts, attempts: 1 } }
  })
  assert.ok(wrong.length > 0 && wrong.every(({ field }) => field === 'attempts'))
})
