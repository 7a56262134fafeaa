import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'

const files = {
  'ends.test.mjs': "import { test } from 'node:test'\ntest('passes', () => {})\n",
  'fails.test.mjs': "import { test } from 'node:test'\ntest('fails', () => { throw new Error('on purpose') })\n",
  'exits.test.mjs': "import { test } from 'node:test'\ntest('exits', () => process.exit(0))\n",
  'stays.test.mjs': "import { test } from 'node:test'\ntest('passes', () => {})\nsetInterval(() => {}, 1000)\n",
  'first.test.mjs': "import { test } from 'node:test'\ntest('passes', () => {})\n",
  'second.test.mjs':
    "import { test } from 'node:test'\ntest('fails', () => { throw new Error('not the first') })\ntest('passes', () => {})\n",
  'third.test.mjs': '',
  'spins.test.mjs':
    "import { test } from 'node:test'\ntest('passes', () => {})\nprocess.on('exit', () => { for (;;); })\n",
}

test('a file whose process does not end has failed, by name, and the others are run, alone or together', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-run-files-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text)
    const { output, count } = await runIn(folder)
    assert.deepEqual(count, { passed: 5, failed: 6 })
    assert.match(output, /ok {3}\S*ends\.test\.mjs \(1,/)
    assert.match(output, /FAIL \S*fails\.test\.mjs \(0,.*\n.*fails\n.*on purpose/)
    assert.match(output, /FAIL \S*exits\.test\.mjs \(0,.*\n.*none of its tests ran to its end/)
    assert.match(output, /ok {3}\S*first\.test\.mjs \(1,/)
    assert.match(output, /FAIL \S*second\.test\.mjs \(1,.*\n.*fails\n.*not the first/)
    assert.match(output, /FAIL \S*third\.test\.mjs \(0,.*\n.*none of its tests ran to its end/)
    assert.match(
      output,
      /FAIL \S*stays\.test\.mjs \(\d,.*\n.*its process had not ended 4 s after its start, and was killed/,
    )
    assert.match(
      output,
      /FAIL \S*spins\.test\.mjs \(1,.*\n.*its process had not ended 1 s after its tests, and was killed/,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** In a process of its own: the runner refuses to run within a test. */
async function runIn(folder: string): Promise<{ output: string; count: unknown }> {
  const together = ['first.test.mjs', 'second.test.mjs', 'third.test.mjs']
  const alone = Object.keys(files).filter((name) => !together.includes(name))
  const groups = [together, ...alone.map((name) => [name])].map((names) => names.map((name) => path.join(folder, name)))
  const script = path.join(folder, 'run.mjs')
  await writeFile(
    script,
    `const { runFiles } = await import(${JSON.stringify(new URL('run-files.ts', import.meta.url).href)})
const count = await runFiles(${JSON.stringify(groups)}, { concurrency: 2, fileLimitMs: 4000, endLimitMs: 1000 })
console.log(JSON.stringify(count))`,
  )
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const child = spawn(process.execPath, ['--conditions=@redrive/source', script], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await once(child, 'close')
  return { output, count: JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') }
}
