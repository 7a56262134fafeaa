import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { run, script } from '../lib/run.ts'
import { findFiles, root } from '../lib/workspace.ts'

const read = (file: string): string => readFileSync(`${root}/${file}`, 'utf8')

test('the first worker prints what it says it prints', async () => {
  const { code, output } = await run(script('examples/first-worker/main.ts'), { quiet: true, timeoutMs: 60_000 })
  assert.equal(output, read('examples/first-worker/expected-output.txt'))
  assert.equal(code, 0)
})

test('the code in the READMEs is the first worker, and stands before line 25', () => {
  for (const file of ['README.md', 'packages/worker/README.md']) {
    const text = read(file)
    const block = /```ts\n([^]*?)```/.exec(text)
    assert.equal(block?.[1], read('examples/first-worker/worker.ts'), file)
    const lastLine = text.slice(0, (block?.index ?? 0) + (block?.[0].length ?? 0)).split('\n').length
    assert.ok(lastLine <= 25, `the code in ${file} ends at line ${lastLine}`)
  }
})

test('every link inside the repository leads somewhere', () => {
  const broken: string[] = []
  for (const file of findFiles('*.md', 'docs/**/*.md', 'examples/**/*.md', 'packages/*/README.md')) {
    for (const [, target = ''] of withoutCode(read(file)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [to = '', anchor] = target.split('#')
      const path = to === '' ? file : new URL(to, `file:///${file}`).pathname.slice(1)
      if (findFiles(path).length === 0) broken.push(`${file}: ${target}`)
      else if (anchor !== undefined && !anchorsOf(read(path)).has(anchor))
        broken.push(`${file}: ${target} (no such heading)`)
    }
  }
  assert.deepEqual(broken, [])
})

function withoutCode(text: string): string {
  return text.replaceAll(/^```[^]*?^```/gm, '')
}

/** As GitHub makes them: lower case, punctuation gone, spaces to hyphens. */
function anchorsOf(text: string): Set<string> {
  const headings = withoutCode(text).match(/^#+ .+$/gm) ?? []
  return new Set(
    headings.map((heading) =>
      heading
        .replace(/^#+ /, '')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}
