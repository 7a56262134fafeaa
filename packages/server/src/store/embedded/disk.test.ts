import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { ballastBytes, ensureBallast, freeBytes, releaseBallast } from './disk.ts'

test('the ballast takes real blocks, is written once and can be given back', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'redrive-ballast-'))
  const file = path.join(folder, 'ballast')
  assert.equal(ensureBallast(folder), true)
  const first = fs.statSync(file)
  assert.equal(first.size, ballastBytes)
  assert.ok(first.blocks * 512 >= ballastBytes)
  assert.equal(ensureBallast(folder), true)
  assert.equal(fs.statSync(file).mtimeMs, first.mtimeMs)
  assert.equal(releaseBallast(folder), true)
  assert.equal(fs.existsSync(file), false)
  assert.equal(releaseBallast(folder), false)
  fs.rmSync(folder, { recursive: true })
})

test('free bytes are what df says, within what others write meanwhile', () => {
  const free = freeBytes(os.tmpdir())
  const { bavail, bsize } = fs.statfsSync(os.tmpdir())
  assert.ok(Math.abs(free - bavail * bsize) < 512 * 1024 * 1024)
})
