import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { archivedLetter, archivedVersion } from '../../testing/archived-letters.ts'
import { allOf, memoryPlace } from '../../testing/memory-place.ts'
import type { Cell } from './cells.ts'
import { encodeLetters, letterColumns, versionColumns } from './encode-letters.ts'
import { maxLetterBytes } from './limits.ts'
import { type Manifest, type ManifestFile, readManifest } from './manifest.ts'
import { readGroup } from './parquet/read-group.ts'
import { writeTable } from './parquet/write-table.ts'
import { readLetter, readLetters } from './read-letters.ts'
import type { Column } from './shape.ts'
import { verifyArchive } from './verify-archive.ts'

const archive = '0b8f6f0e-3f0f-4a57-9c11-a1b2c3d4e5f6'
const letters = [1, 2, 3].map((n) =>
  archivedLetter(n, n === 1 ? {} : { versions: [archivedVersion(1, Buffer.from(`v${n}`))] }),
)
const own = encodeLetters(letters, { archive, madeAt: new Date(0), madeBy: 'a test' })

type Rows = readonly (readonly Cell[])[]
type Change = (rows: Rows) => Rows

/** The archive with other rows, with all hashes and counts of files right: what somebody could write who wants to do harm. */
function forged(changes: { readonly letters?: Change; readonly versions?: Change }): ReturnType<typeof memoryPlace> {
  const place = memoryPlace()
  const forge = (file: ManifestFile, columns: readonly Column[], change: Change = (rows) => rows): ManifestFile => {
    const [group] = file.groups
    const bytes = own.files.find(({ name }) => name === file.name)?.bytes.subarray(4, 4 + (group?.bytes ?? 0))
    const rows = readGroup(columns, Buffer.from(bytes ?? []), { rows: file.rows, maxBytes: 1024 * 1024 })
    const table = writeTable(columns, change(rows), archive)
    place.files.set(file.name, table.bytes)
    const sha256 = createHash('sha256').update(table.bytes).digest('hex')
    return { name: file.name, bytes: table.bytes.length, sha256, rows: table.rows, groups: table.groups }
  }
  assert.ok(own.manifest.files.versions)
  const files = {
    letters: forge(own.manifest.files.letters, letterColumns, changes.letters),
    versions: forge(own.manifest.files.versions, versionColumns, changes.versions),
  }
  const manifest: Manifest = { ...own.manifest, letters: files.letters.rows, versions: files.versions.rows, files }
  place.files.set(own.files.at(-1)?.name ?? '', Buffer.from(JSON.stringify(manifest)))
  return place
}

const withCell =
  (columns: readonly Column[], row: number, field: string, cell: Cell): Change =>
  (rows) =>
    rows.map((cells, at) => (at === row ? cells.map((each, n) => (columns[n]?.field === field ? cell : each)) : cells))
const letterWith = (row: number, field: string, cell: Cell): Change => withCell(letterColumns, row, field, cell)
const versionWith = (row: number, field: string, cell: Cell): Change => withCell(versionColumns, row, field, cell)

async function problemsOf(place: ReturnType<typeof memoryPlace>): Promise<string> {
  return (await verifyArchive(place, archive)).problems.join('\n')
}

async function unreadable(place: ReturnType<typeof memoryPlace>, row: number, message: RegExp): Promise<void> {
  const manifest = await readManifest(place, archive)
  await assert.rejects(readLetter(place, manifest, row), { code: 'ARCHIVE_UNREADABLE', message })
  await assert.rejects(allOf(readLetters(place, manifest)), { code: 'ARCHIVE_UNREADABLE', message })
}

test('what is forged like the own archive is the own archive', async () => {
  const place = forged({})
  assert.equal(await problemsOf(place), '')
  assert.deepEqual(await allOf(readLetters(place, await readManifest(place, archive))), letters)
})

test('letters that are there twice or out of order are told of', async () => {
  assert.match(await problemsOf(forged({ letters: (rows) => rows.toReversed() })), /out of order or there twice/)
  assert.match(await problemsOf(forged({ letters: ([a = [], b = []]) => [a, b, b] })), /out of order or there twice/)
})

test('a letter in a state that is none, or without its hash, is not handed out', async () => {
  const place = forged({ letters: letterWith(1, 'state', Buffer.from('replaying')) })
  await unreadable(place, 1, /in a state that Redrive does not archive/)
  assert.match(await problemsOf(place), /is damaged: it is in a state that Redrive does not archive/)
  const short = forged({ letters: letterWith(1, 'bodySha256', Buffer.alloc(31)) })
  await unreadable(short, 1, /its body does not have its hash/)
  assert.match(await problemsOf(short), /it has no hash/)
})

test('versions of other letters are not taken for those of a letter', async () => {
  const swapped = forged({ letters: letterWith(2, 'versionsFrom', 0) })
  await unreadable(swapped, 2, /belongs to another letter/)
  assert.match(await problemsOf(swapped), /its versions lie elsewhere/)
  const [stranger] = [Buffer.alloc(16, 7)]
  const strange = forged({ versions: versionWith(1, 'letterId', stranger) })
  await unreadable(strange, 2, /belongs to another letter/)
  assert.match(await problemsOf(strange), /does not belong to the letter whose turn it is/)
  for (const [field, cell] of [
    ['versions', 2_000_000_000],
    ['versionsFrom', -1],
    ['versionsFrom', 2_000_000_000],
  ] as const) {
    const beyond = forged({ letters: letterWith(2, field, cell) })
    await unreadable(beyond, 2, /has no row|belongs to another letter/)
    assert.notEqual(await problemsOf(beyond), '')
  }
})

test('versions that fill the memory are not gathered', async () => {
  const large = Buffer.alloc(maxLetterBytes / 8)
  const sha256 = createHash('sha256').update(large).digest()
  const [, template] = letters
  assert.ok(template?.versions[0])
  const place = forged({
    letters: letterWith(1, 'versions', 9),
    versions: (rows) => {
      const [first = []] = rows
      const heavy = versionRow(first, large, sha256)
      return [...Array.from({ length: 9 }, (_, n) => heavy(n + 1)), ...rows.slice(1)]
    },
  })
  await unreadable(place, 1, /larger than any that Redrive archives/)
})

/** The same letter's version with a large body, and hashes that fit. */
function versionRow(first: readonly Cell[], body: Buffer, bodySha256: Buffer): (version: number) => readonly Cell[] {
  const { contentSha256 } = archivedVersion(1, body)
  return (version) =>
    first.map((cell, n) => {
      const values: Readonly<Record<string, Cell>> = { body, bodySha256, contentSha256, version }
      return values[versionColumns[n]?.field ?? ''] ?? cell
    })
}
