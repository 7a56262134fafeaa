import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { root } from '../lib/workspace.ts'
import '../../examples/own-broker/conformance.test.ts'

test('docs/write-a-broker.md shows the example that runs here', () => {
  const page = readFileSync(`${root}/docs/write-a-broker.md`, 'utf8')
  const example = readFileSync(`${root}/examples/own-broker/conformance.test.ts`, 'utf8')
  assert.equal(/```ts\n([^]*?)```/.exec(page)?.[1], example)
})
