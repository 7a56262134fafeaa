import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { isRedriveError } from '@redrive/worker'
import { archivedLetter, archivedVersion } from '../../testing/archived-letters.ts'
import { allOf, memoryPlace } from '../../testing/memory-place.ts'
import type { ArchivedLetter } from './archived-letter.ts'
import { encodeLetters, letterColumns } from './encode-letters.ts'
import { fileNames, type Manifest, readManifest } from './manifest.ts'
import { readGroup } from './parquet/read-group.ts'
import { readLetter, readLetters } from './read-letters.ts'
import { verifyArchive } from './verify-archive.ts'

const archive = '0b8f6f0e-3f0f-4a57-9c11-a1b2c3d4e5f6'
const names = fileNames(archive)
const versions = [archivedVersion(1, Buffer.from('{"order":"one"}')), archivedVersion(2, null)]
const letters: readonly ArchivedLetter[] = [
  archivedLetter(1),
  archivedLetter(2, { versions }),
  archivedLetter(3, { body: null }),
]
const { files, manifest } = encodeLetters(letters, { archive, madeAt: new Date(0), madeBy: 'a test' })

/** A place with the archive, one of whose files is another. */
function placeWith(name: string | null, bytes: Uint8Array | string | null): ReturnType<typeof memoryPlace> {
  const place = memoryPlace()
  for (const file of files) place.files.set(file.name, file.bytes)
  if (name !== null && bytes === null) place.files.delete(name)
  if (name !== null && bytes !== null) place.files.set(name, Buffer.from(bytes))
  return place
}

const withManifest = (changes: object): ReturnType<typeof memoryPlace> =>
  placeWith(names.manifest, JSON.stringify({ ...manifest, ...changes }))

const problemsOf = async (place: ReturnType<typeof memoryPlace>): Promise<readonly string[]> =>
  (await verifyArchive(place, archive)).problems

/** A file as somebody else may have written it, with a manifest that fits it. */
function forged(group: Uint8Array, rows = letters.length): ReturnType<typeof memoryPlace> {
  const [own] = manifest.files.letters.groups
  assert.ok(own)
  const bytes = Buffer.concat([Buffer.from('PAR1'), group])
  const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')
  const file = {
    ...manifest.files.letters,
    rows,
    bytes: bytes.length,
    sha256: sha256(bytes),
    groups: [{ rows, offset: 4, bytes: group.length, sha256: sha256(group) }],
  }
  const place = placeWith(names.letters, bytes)
  const forgery: Manifest = { ...manifest, letters: rows, files: { ...manifest.files, letters: file } }
  place.files.set(names.manifest, Buffer.from(JSON.stringify(forgery)))
  return place
}

function ownGroup(): Buffer {
  const { offset, bytes } = manifest.files.letters.groups[0] ?? { offset: 0, bytes: 0 }
  return Buffer.from(files[0]?.bytes.subarray(offset, offset + bytes) ?? [])
}

test('cut anywhere, a file is a problem and never a letter', async () => {
  for (const { name, bytes } of files) {
    const isSeen = async (end: number): Promise<void> => {
      const place = placeWith(name, bytes.subarray(0, end))
      assert.ok((await problemsOf(place)).length > 0, `${name} cut at ${end}`)
      if (name === names.manifest) await assert.rejects(readManifest(place, archive), { code: 'ARCHIVE_UNREADABLE' })
      else await assert.rejects(allOf(readLetters(place, manifest)), { code: 'ARCHIVE_UNREADABLE' })
    }
    // A manifest without its last line break is whole.
    const end = name === names.manifest ? bytes.length - 1 : bytes.length
    // Its beginning and its end at each byte, the cells between them at every eleventh.
    for (let at = 0; at < end; at += at < 200 || at >= end - 200 ? 1 : 11) await isSeen(at)
  }
  for (const { name } of files) assert.ok((await problemsOf(placeWith(name, null))).length > 0, name)
})

test('one flipped bit anywhere is found', async () => {
  for (const { name, bytes } of files) {
    for (let at = 0; at < bytes.length; at += 7) {
      const altered = Buffer.from(bytes)
      altered.writeUInt8((altered[at] ?? 0) ^ (1 << (at % 8)), at)
      // Everything in the manifest but who made it, when, and white space is compared with something.
      if (name === names.manifest && isEqualBut(altered.toString('utf8'), ['madeBy', 'madeAt'])) continue
      assert.ok((await problemsOf(placeWith(name, altered))).length > 0, `${name} at ${at}`)
    }
  }
})

function isEqualBut(text: string, left: readonly string[]): boolean {
  try {
    const shown = (value: object): string =>
      JSON.stringify(Object.entries(value).filter(([key]) => !left.includes(key)))
    return shown(JSON.parse(text) as object) === shown(manifest)
  } catch {
    return false
  }
}

test('groups that were forged, at any byte, are read or refused as what they are, and do no harm', async () => {
  const group = ownGroup()
  const read = (bytes: Buffer): unknown => {
    try {
      return readGroup(letterColumns, bytes, { rows: letters.length, maxBytes: 1024 * 1024 })
    } catch (error) {
      assert.ok(error instanceof RangeError, String(error))
      return error
    }
  }
  assert.ok(Array.isArray(read(group)))
  for (let at = 0; at < group.length; at++) {
    assert.ok(read(group.subarray(0, at)) instanceof RangeError, `cut at ${at}`)
    const altered = Buffer.from(group)
    altered[at] = [0x00, 0x01, 0x7f, 0x80, 0xff][at % 5] ?? 0
    read(altered)
  }
  // With hashes that fit, so that nothing but the form is left to notice it.
  for (let at = 1; at < group.length; at += 97) {
    assert.deepEqual((await problemsOf(forged(group.subarray(0, at)))).length, 1, `cut at ${at}`)
    const altered = Buffer.from(group)
    altered[at] = (altered[at] ?? 0) ^ 0x55
    await readLetter(forged(altered), await readManifest(forged(altered), archive), 0).catch((error: unknown) =>
      assert.ok(isRedriveError(error, 'ARCHIVE_UNREADABLE'), `${at}: ${String(error)}`),
    )
  }
})

test('a manifest leads nowhere but to its own files', async () => {
  const unreadable = async (place: ReturnType<typeof memoryPlace>, message: RegExp): Promise<void> => {
    await assert.rejects(readManifest(place, archive), { code: 'ARCHIVE_UNREADABLE', message })
    assert.equal((await problemsOf(place)).length, 1)
  }
  const lettersAs = (changes: object): object => ({
    files: { ...manifest.files, letters: { ...manifest.files.letters, ...changes } },
  })
  await unreadable(withManifest(lettersAs({ name: '../x' })), /names a file that is not its own/)
  await unreadable(withManifest(lettersAs({ name: names.versions })), /names a file that is not its own/)
  await unreadable(withManifest(lettersAs({ name: `/etc/passwd` })), /names a file that is not its own/)
  await unreadable(withManifest(lettersAs({ rows: 4 })), /not as many/)
  await unreadable(withManifest(lettersAs({ groups: [] })), /do not add up/)
  await unreadable(withManifest(lettersAs({ bytes: 10 })), /lead beyond its end/)
  const [group] = manifest.files.letters.groups
  await unreadable(withManifest(lettersAs({ groups: [{ ...group, offset: 5 }] })), /one behind the other/)
  await unreadable(withManifest(lettersAs({ groups: [{ ...group, rows: 1e9 }] })), /no manifest of an archive/)
  await unreadable(withManifest(lettersAs({ groups: [{ ...group, bytes: 1e12 }] })), /no manifest of an archive/)
  await unreadable(withManifest({ archive: '00000000-0000-0000-0000-000000000000' }), /about another archive/)
  await unreadable(withManifest({ format: 2 }), /a newer Redrive writes/)
  await unreadable(withManifest({ extra: 1 }), /no manifest of an archive/)
  await unreadable(placeWith(names.manifest, '[1, 2'), /no JSON/)
  await unreadable(placeWith(names.manifest, Buffer.alloc(5 * 1024 * 1024, ' ')), /too large/)
  await assert.rejects(readManifest(placeWith(null, null), '../../x'), {
    code: 'ARCHIVE_UNREADABLE',
    message: /no UUID/,
  })
})

test('an archive that was replaced whole is another one', async () => {
  const other = encodeLetters([archivedLetter(9)], { archive, madeAt: new Date(0), madeBy: 'somebody' })
  const place = memoryPlace()
  for (const { name, bytes } of other.files) place.files.set(name, bytes)
  assert.deepEqual(await problemsOf(place), [])
  const manifestSha256 = files.at(-1)?.sha256 ?? ''
  const message = /is not the manifest that the office wrote/
  await assert.rejects(readManifest(place, archive, { manifestSha256 }), { code: 'ARCHIVE_UNREADABLE', message })
  assert.match((await verifyArchive(place, archive, { manifestSha256 })).problems.join(), message)
  assert.deepEqual((await verifyArchive(placeWith(null, null), archive, { manifestSha256 })).problems, [])
})

test('what a manifest says of its letters is compared with them', async () => {
  const problem = async (changes: object, message: RegExp): Promise<void> =>
    assert.match((await problemsOf(withManifest(changes))).join('\n'), message)
  await problem({ firstId: letters[1]?.id }, /the first letter is another one/)
  await problem({ lastId: letters[0]?.id }, /the last letter is another one/)
  await problem({ contents: '0'.repeat(64) }, /whose digest/)
  await problem({ queues: [{ queue: 'orders', letters: 2 }] }, /of each queue/)
  await problem({ queues: [...manifest.queues, { queue: 'more', letters: 0 }] }, /of each queue/)
  assert.deepEqual(await problemsOf(withManifest({ madeBy: 'somebody else' })), [])
})

test('a letter whose body or version is another one than its hash says is told of, and not handed out', async () => {
  const body = Buffer.from('another')
  const wrongBody = { ...archivedLetter(4), body }
  const wrongVersion = archivedLetter(5, { versions: [{ ...archivedVersion(1, null), key: null }] })
  const other = encodeLetters([...letters, wrongBody, wrongVersion], { archive, madeAt: new Date(0), madeBy: 'a test' })
  const place = memoryPlace()
  for (const { name, bytes } of other.files) place.files.set(name, bytes)
  const verdict = await verifyArchive(place, archive)
  assert.equal(verdict.letters, 4)
  assert.deepEqual(verdict.problems, [
    `the letter ${wrongBody.id} is damaged: its body does not have its hash`,
    `version 1 of the letter ${wrongVersion.id} is damaged: its content does not have its hash`,
  ])
  assert.deepEqual(await readLetter(place, other.manifest, 1), letters[1])
  await assert.rejects(readLetter(place, other.manifest, 3), /its body does not have its hash/)
  await assert.rejects(readLetter(place, other.manifest, 4), /its content does not have its hash/)
})
