import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '../../packages/server/src/testing/database.ts'
import { againWith, runSequences } from './sequences.ts'

test('the store does what its model says, whatever comes after what', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const { failure, commands } = await runSequences({ sequences: 200, seed, database: testDatabase })
  if (failure !== null) assert.fail(`${failure.counterexample}: ${failure.error}\nagain: ${againWith(failure)}`)
  assert.ok(commands > 500, `only ${commands} commands said something`)
})
