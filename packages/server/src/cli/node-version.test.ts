import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { tooOldFor } from './node-version.ts'

test('a Node that is older than the package says is refused, and no other', () => {
  const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    engines: { node: string }
  }
  const least = engines.node.replace('>=', '')
  const [major = 0, minor = 0] = least.split('.').map(Number)
  assert.match(tooOldFor('20.20.2') ?? '', new RegExp(`needs Node ${least} or newer; this is 20\\.20\\.2`))
  assert.notEqual(tooOldFor(`${major}.${minor - 1}.9`), null)
  for (const version of [`${major}.${minor}.0`, `${major}.${minor + 1}.0`, `${major + 1}.0.0`, process.versions.node])
    assert.equal(tooOldFor(version), null, version)
})
