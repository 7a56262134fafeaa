import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { archivedLetter, archivedLetters, archivedVersion } from '../../testing/archived-letters.ts'
import { allOf, memoryPlace } from '../../testing/memory-place.ts'
import type { ArchivedLetter } from './archived-letter.ts'
import { type EncodedArchive, encodeLetters } from './encode-letters.ts'
import { folderPlace } from './folder-place.ts'
import { readManifest } from './manifest.ts'
import { decompress } from './parquet/zstd.ts'
import type { ArchivePlace } from './place.ts'
import { readLetter, readLetters } from './read-letters.ts'
import { verifyArchive } from './verify-archive.ts'

const archive = '0b8f6f0e-3f0f-4a57-9c11-a1b2c3d4e5f6'
const about = { archive, madeAt: new Date(0), madeBy: 'a test' }

async function put(place: ArchivePlace, letters: readonly ArchivedLetter[]): Promise<EncodedArchive> {
  const encoded = encodeLetters(letters, about)
  for (const { name, bytes } of encoded.files) await place.put(name, bytes)
  return encoded
}

test('3,000 generated letters come back as they were, in order and each alone', async (t) => {
  const root = mkdtempSync(path.join(tmpdir(), 'redrive-archive-'))
  t.after(() => rmSync(root, { recursive: true }))
  let run = 0
  let count = 0
  await fc.assert(
    fc.asyncProperty(archivedLetters({ minLength: 250, maxLength: 1_300 }), fc.nat(), async (letters, n) => {
      const place = folderPlace(path.join(root, String(run++)))
      const { manifest } = await put(place, letters)
      assert.deepEqual(await readManifest(place, archive), manifest)
      assert.deepEqual(await allOf(readLetters(place, manifest)), letters)
      const row = n % letters.length
      assert.deepEqual(await readLetter(place, manifest, row), letters[row])
      assert.deepEqual(await verifyArchive(place, archive), { archive, letters: letters.length, problems: [] })
      count += letters.length
    }),
    { numRuns: 12, endOnFailure: true },
  )
  assert.ok(count >= 3_000, `only ${count}`)
})

test('null is not empty, in any column', async () => {
  const columns = Object.entries(archivedLetter(1))
  const empty = (value: unknown): unknown =>
    typeof value === 'string' ? '' : typeof value === 'number' ? 0 : typeof value === 'bigint' ? 0n : Buffer.alloc(0)
  const nullable: readonly (keyof ArchivedLetter)[] = [
    'key', 'body', 'properties', 'timestampMs', 'position', 'originSystem', 'originPlace', 'originPartition', 'originPosition', 'originRoute',
    'consumer', 'errorClass', 'message', 'stack', 'reason', 'attempts', 'firstFailedAt', 'lastFailedAt', 'service', 'release', 'host',
    'traceparent', 'wireId', 'replayId', 'hops',
  ] // biome-ignore format: the columns read better in lines
  assert.ok(nullable.every((name) => columns.some(([each]) => each === name)))
  const emptyOf = (name: keyof ArchivedLetter): unknown => {
    if (name === 'firstFailedAt' || name === 'lastFailedAt') return new Date(0)
    if (name === 'replayId') return '00000000-0000-0000-0000-000000000000'
    if (name === 'properties') return Buffer.alloc(0)
    if (name === 'originRoute' || name === 'traceparent') return ''
    return empty(archivedLetter(1)[name])
  }
  const letters = nullable.flatMap((name, at) => [
    archivedLetter(2 * at, { [name]: null }),
    archivedLetter(2 * at + 1, { [name]: emptyOf(name) }),
  ])
  const place = memoryPlace()
  const { manifest } = await put(place, letters)
  assert.deepEqual(await allOf(readLetters(place, manifest)), letters)
})

test('a large letter has a group of its own, and a letter is read without the others', async () => {
  const large = Buffer.alloc(20 * 1024 * 1024, 'large')
  const versions = [archivedVersion(1, Buffer.from('one')), archivedVersion(2, null)]
  const letters = [
    archivedLetter(1),
    archivedLetter(2, { body: large }),
    ...[3, 4].map((n) => archivedLetter(n, { versions })),
  ]
  const place = memoryPlace()
  const { manifest } = await put(place, letters)
  assert.deepEqual(
    manifest.files.letters.groups.map(({ rows }) => rows),
    [1, 1, 2],
  )
  const [, second] = manifest.files.letters.groups
  place.files.get(manifest.files.letters.name)?.fill(0, second?.offset, (second?.offset ?? 0) + (second?.bytes ?? 0))
  assert.deepEqual(await readLetter(place, manifest, 0), letters[0])
  assert.deepEqual(await readLetter(place, manifest, 3), letters[3])
  await assert.rejects(readLetter(place, manifest, 1), { code: 'ARCHIVE_UNREADABLE' })
  await assert.rejects(readLetter(place, manifest, 4), { code: 'ARCHIVE_UNREADABLE' })
  await assert.rejects(readLetter(place, manifest, -1), { code: 'ARCHIVE_UNREADABLE' })
})

test('another reader finds the same in the files, and no copies of letters beside the rows', async () => {
  const letters = Array.from({ length: 1_500 }, (_, n) =>
    archivedLetter(n, n % 3 === 0 ? { key: null, message: '' } : {}),
  )
  const [file] = encodeLetters(letters, about).files
  assert.ok(file)
  const bytes = Uint8Array.from(file.bytes).buffer
  const rows = await parquetReadObjects({
    file: bytes,
    utf8: false,
    compressors: { ZSTD: (page, length) => decompress(page, length) },
  })
  assert.deepEqual(
    rows.map(({ id, key, body, message, position, changed_at, hops }) => [
      id,
      asHex(key),
      asHex(body),
      message,
      position,
      changed_at,
      hops,
    ]),
    letters.map(({ id, key, body, message, position, changedAt, hops }) => [
      id,
      asHex(key),
      asHex(body),
      message,
      position,
      changedAt,
      hops,
    ]),
  )
  const { row_groups } = parquetMetadata(bytes)
  for (const { columns } of row_groups) {
    for (const { meta_data, column_index_offset, offset_index_offset } of columns)
      assert.deepEqual(
        [
          meta_data?.statistics,
          meta_data?.dictionary_page_offset,
          meta_data?.bloom_filter_offset,
          column_index_offset,
          offset_index_offset,
        ],
        [undefined, undefined, undefined, undefined, undefined],
      )
  }
})

const asHex = (bytes: Uint8Array | null | undefined): string | null =>
  bytes ? Buffer.from(bytes).toString('hex') : null

test('what cannot come back as it is, is not written', () => {
  const refused = (changes: Partial<ArchivedLetter>): void =>
    assert.throws(
      () => encodeLetters([archivedLetter(1, changes)], about),
      RangeError,
      JSON.stringify(Object.keys(changes)),
    )
  refused({ message: 'half a \ud83d' })
  refused({ position: 2n ** 63n })
  refused({ bytes: 2 ** 31 })
  refused({ attempts: 1.5 })
  refused({ changedAt: new Date(Number.NaN) })
  refused({ replayId: 'not-a-uuid' })
  refused({ id: '01890000-0000-7000-8000-00000000000A' })
  refused({ readers: ['\udc00'] })
  refused({ bodySha256: Buffer.alloc(31) })
  assert.throws(() => encodeLetters([archivedLetter(2), archivedLetter(1)], about), /in the order of their ids/)
  assert.throws(() => encodeLetters([archivedLetter(1), archivedLetter(1)], about), /in the order of their ids/)
  assert.throws(() => encodeLetters([], about), /at least one/)
  assert.throws(() => encodeLetters([archivedLetter(1, { body: Buffer.alloc(256 * 1024 * 1024) })], about), {
    code: 'ARCHIVE_UNWRITABLE',
  })
})
