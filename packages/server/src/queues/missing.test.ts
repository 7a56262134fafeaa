import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { documentCommand, missingFields, shellWord } from './missing.ts'
import { merged, nothingSaid } from './said.ts'

test('what is missing: all fields but the schema, and the process of tiers with open letters', () => {
  const fields = ['owner', 'contact', 'source', 'success', 'failure', 'runbook', 'key']
  assert.deepEqual(missingFields(nothingSaid, {}), fields)
  assert.deepEqual(missingFields(nothingSaid, { permanent: 2, timeout: 0 }), [...fields, 'tiers.permanent.process'])
  const said = merged(
    [...fields, 'tiers.permanent.process'].map((field) => ({
      queue: 'q',
      field,
      value: 'x',
      origin: 'api' as const,
      said_by: 'ann',
      said_at: new Date(0),
    })),
  )
  assert.deepEqual(missingFields(said, { permanent: 2 }), [])
  assert.equal(documentCommand('q', []), null)
})

test('the command to type names the fields, and then the first tier', () => {
  assert.equal(
    documentCommand('orders', ['owner', 'key', 'tiers.permanent.process']),
    'redrive queue document --owner … --key … orders',
  )
  assert.equal(
    documentCommand('a b', ['tiers.timeout.process', 'tiers.permanent.process']),
    "redrive queue document --tier timeout --urgency … --process … 'a b'",
  )
})

test('a name is one word of a shell, whatever is in it', () => {
  const names = [
    'orders',
    "it's; rm -rf /",
    '$(id)',
    '`id`',
    'a\nb',
    '!!',
    '--owner',
    '-x',
    '*',
    '../..',
    'ünï/çødé',
    '"',
    '\\',
    '~root',
    '#no',
    ' ',
  ]
  for (const name of names) {
    const heard = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${shellWord(name)}`], { encoding: 'utf8' }).split('\0')
    assert.deepEqual(heard.slice(0, -1), name.startsWith('-') ? ['--', name] : [name])
  }
})
