import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { run, script } from '../lib/run.ts'
import { root } from '../lib/workspace.ts'

const read = (file: string): string => readFileSync(`${root}/${file}`, 'utf8')

test('the example of side effects prints what it says it prints', async () => {
  const { code, output } = await run(script('examples/side-effects-once/main.ts'), { quiet: true, timeoutMs: 60_000 })
  assert.equal(output, read('examples/side-effects-once/expected-output.txt'))
  assert.equal(code, 0)
})

test('docs/do/side-effects-once.md shows the example that runs here', () => {
  const [, shown] = /```ts\n([^]*?)```/.exec(read('docs/do/side-effects-once.md')) ?? []
  assert.equal(shown, read('examples/side-effects-once/worker.ts'))
})
