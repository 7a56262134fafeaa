import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { allOf } from '../../testing/memory-place.ts'
import { folderPlace } from './folder-place.ts'

function folderFor(t: TestContext): string {
  const root = mkdtempSync(path.join(tmpdir(), 'redrive-place-'))
  t.after(() => rmSync(root, { recursive: true }))
  return path.join(root, 'a', 'b')
}

const bytesOf = async (place: ReturnType<typeof folderPlace>, name: string): Promise<string> => {
  const reader = await place.open(name)
  try {
    return Buffer.from(await reader.slice(0)).toString()
  } finally {
    await reader.close()
  }
}

test('a file is put once, read by its bytes, listed and removed', async (t) => {
  const folder = folderFor(t)
  const place = folderPlace(folder)
  assert.equal(place.description, folder)
  assert.deepEqual(await allOf(place.list()), [])
  await place.remove('a_1.json')
  await place.put('a_1.json', Buffer.from('0123456789'))
  await place.put('a_2.json', Buffer.alloc(0))
  assert.deepEqual(
    (await allOf(place.list())).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    [
      { name: 'a_1.json', bytes: 10 },
      { name: 'a_2.json', bytes: 0 },
    ],
  )
  assert.equal(await bytesOf(place, 'a_2.json'), '')
  const reader = await place.open('a_1.json')
  assert.equal(reader.byteLength, 10)
  assert.equal(Buffer.from(await reader.slice(2, 5)).toString(), '234')
  assert.equal((await reader.slice(10)).byteLength, 0)
  await assert.rejects(reader.slice(5, 11), { code: 'ARCHIVE_UNREADABLE' })
  await assert.rejects(reader.slice(-1, 2), { code: 'ARCHIVE_UNREADABLE' })
  truncateSync(path.join(folder, 'a_1.json'), 4)
  await assert.rejects(reader.slice(2, 8), { code: 'ARCHIVE_UNREADABLE', message: /was cut while it was read/ })
  await reader.close()
  await place.remove('a_1.json')
  await place.remove('a_1.json')
  await assert.rejects(place.open('a_1.json'), { code: 'ARCHIVE_UNREADABLE', message: /is not there/ })
})

test('nothing is overwritten, and nothing half written is left or seen', async (t) => {
  const folder = folderFor(t)
  const place = folderPlace(folder)
  await place.put('a_1.json', Buffer.from('first'))
  await assert.rejects(place.put('a_1.json', Buffer.from('second')), {
    code: 'ARCHIVE_UNWRITABLE',
    message: /is there already/,
  })
  assert.equal(await bytesOf(place, 'a_1.json'), 'first')
  assert.deepEqual(readdirSync(folder), ['a_1.json'])
  // As a killed process leaves it.
  writeFileSync(path.join(folder, 'a_1.json.0a0b0c0d0e0f.part'), 'half')
  writeFileSync(path.join(folder, 'a_1.json2.0a0b0c0d0e0f.part'), 'of another')
  assert.deepEqual(await allOf(place.list()), [{ name: 'a_1.json', bytes: 5 }])
  await place.remove('a_1.json')
  assert.deepEqual(readdirSync(folder), ['a_1.json2.0a0b0c0d0e0f.part'])
})

test('two that put the same name at once: one has it', async (t) => {
  const place = folderPlace(folderFor(t))
  const puts = await Promise.allSettled(['one', 'two', 'three'].map((text) => place.put('a_1.json', Buffer.from(text))))
  assert.equal(puts.filter(({ status }) => status === 'fulfilled').length, 1)
})

test('folder and files are for the own user alone', {
  skip: process.platform === 'win32' && 'no modes there',
}, async (t) => {
  const folder = folderFor(t)
  const before = process.umask(0)
  t.after(() => process.umask(before))
  await folderPlace(folder).put('a_1.json', Buffer.from('x'))
  assert.equal(lstatSync(folder).mode & 0o777, 0o700)
  assert.equal(lstatSync(path.join(folder, 'a_1.json')).mode & 0o777, 0o600)
})

test('names stay in the folder, and links, folders and pipes are no files', { timeout: 20_000 }, async (t) => {
  const folder = folderFor(t)
  const place = folderPlace(folder)
  mkdirSync(folder, { recursive: true })
  const outside = path.join(folder, '..', 'outside')
  writeFileSync(outside, 'outside')
  symlinkSync(outside, path.join(folder, 'link'))
  symlinkSync(path.join(folder, '..', 'new'), path.join(folder, 'dangling'))
  mkdirSync(path.join(folder, 'folder'))
  execFileSync('mkfifo', [path.join(folder, 'pipe')])
  for (const name of ['../outside', '..', '.', '', 'a/b', '/etc/passwd', 'a\0', '.hidden', 'a'.repeat(121), 'a\nb']) {
    await assert.rejects(place.open(name), { code: 'ARCHIVE_UNREADABLE' }, name)
    await assert.rejects(place.put(name, Buffer.from('x')), { code: 'ARCHIVE_UNREADABLE' }, name)
    await assert.rejects(place.remove(name), { code: 'ARCHIVE_UNREADABLE' }, name)
  }
  await assert.rejects(place.open('link'), { code: 'ARCHIVE_UNREADABLE', message: /no link is followed/ })
  await assert.rejects(place.open('folder'), { code: 'ARCHIVE_UNREADABLE' })
  await assert.rejects(place.open('pipe'), { code: 'ARCHIVE_UNREADABLE', message: /is no file/ })
  for (const name of ['link', 'dangling'])
    await assert.rejects(place.put(name, Buffer.from('x')), { code: 'ARCHIVE_UNWRITABLE' })
  assert.equal(readFileSync(outside, 'utf8'), 'outside')
  assert.deepEqual(await allOf(place.list()), [])
})

test('a place that is no folder cannot be written, and says why', async (t) => {
  const folder = folderFor(t)
  mkdirSync(path.dirname(folder), { recursive: true })
  writeFileSync(folder, '')
  const place = folderPlace(folder)
  await assert.rejects(place.put('a_1.json', Buffer.from('x')), {
    code: 'ARCHIVE_UNWRITABLE',
    message: /cannot be written \(EEXIST\)/,
  })
  await assert.rejects(allOf(place.list()), { code: 'ARCHIVE_UNREADABLE', message: /ENOTDIR/ })
})
