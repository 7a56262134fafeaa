import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { parseConfig } from '../src/config/index.ts'
import { checkConfig } from '../src/main.ts'

test('the check of a configuration writes, reads and removes a file where archives lie', async (t) => {
  const root = mkdtempSync(path.join(tmpdir(), 'redrive-check-'))
  t.after(() => rmSync(root, { recursive: true }))
  const config = parseConfig('archive: { folder: archive }\n', { file: path.join(root, 'redrive.yaml'), env: {} })
  const folder = path.join(root, 'archive')
  assert.deepEqual(await checkConfig(config), [
    'database: an embedded one in .redrive',
    `archive: ${folder}, it can be written and read`,
  ])
  assert.deepEqual(readdirSync(folder), [])
  rmSync(folder, { recursive: true })
  writeFileSync(folder, 'a file')
  await assert.rejects(checkConfig(config), { code: 'ARCHIVE_UNWRITABLE' })
})
