import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from './run.ts'

const node = (code: string): [string, ...string[]] => [process.execPath, '-e', code]
const quiet = { quiet: true }

test('a command ends with its code and its output, whatever it did', async () => {
  assert.deepEqual(await run(node('console.log(1); console.error(2); process.exitCode = 5'), quiet), {
    code: 5,
    output: '1\n2\n',
  })
  assert.equal((await run(['/no/such/program'], quiet)).code, 127)
  assert.equal((await run(node('process.kill(process.pid, 9)'), quiet)).code, 143)
})

test('one that takes too long is ended', async () => {
  const from = Date.now()
  assert.equal((await run(node('setInterval(() => {}, 1000)'), { ...quiet, timeoutMs: 300 })).code, 143)
  assert.ok(Date.now() - from < 10_000)
})
