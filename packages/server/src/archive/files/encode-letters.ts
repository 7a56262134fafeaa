import { createHash } from 'node:crypto'
import { decodeHeaders } from '../../store/header-list.ts'
import type { ArchivedLetter, ArchivedVersion } from './archived-letter.ts'
import { type Cell, cellBytes, toCell } from './cells.ts'
import { ContentsDigest } from './contents-digest.ts'
import { maxLetterBytes } from './limits.ts'
import { fileNames, formatNumber, type Manifest, type ManifestFile } from './manifest.ts'
import { type WrittenTable, writeTable } from './parquet/write-table.ts'
import { unwritable } from './place.ts'
import { type Column, columnsOf, type LetterRow, letterShape, type VersionRow, versionShape } from './shape.ts'

export interface EncodedArchive {
  /** In the order in which they are to be put: the manifest is the last. */
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array; readonly sha256: string }[]
  readonly manifest: Manifest
}

export const letterColumns: readonly Column[] = columnsOf(letterShape)
export const versionColumns: readonly Column[] = columnsOf(versionShape)

/**
 * The files of an archive. What lies in them comes back as it was given, or this throws.
 * @param letters at least one, in the order of their ids, none twice; the versions of each in the order of their numbers
 * @param about `archive` is a UUID, `madeBy` a name for people
 * @throws ARCHIVE_UNWRITABLE for a letter of more than 256 MiB with its versions
 * @throws RangeError for what the store cannot have given: text that is no Unicode, a number out of range, letters out of order
 */
export function encodeLetters(
  letters: readonly ArchivedLetter[],
  about: { readonly archive: string; readonly madeAt: Date; readonly madeBy: string },
): EncodedArchive {
  const { archive } = about
  const names = fileNames(archive)
  const first = letters[0]
  const last = letters.at(-1)
  if (first === undefined || last === undefined) throw new RangeError('an archive has at least one letter')
  const digest = new ContentsDigest()
  const letterTable = writeTable(letterColumns, letterRows(letters, digest), archive)
  const versionCount = letters.reduce((sum, { versions }) => sum + versions.length, 0)
  const versionTable = versionCount === 0 ? null : writeTable(versionColumns, versionRows(letters), archive)
  const manifest: Manifest = {
    format: formatNumber,
    archive,
    madeAt: about.madeAt.toISOString(),
    madeBy: about.madeBy,
    letters: letters.length,
    versions: versionCount,
    firstId: first.id,
    lastId: last.id,
    queues: countQueues(letters),
    contents: digest.hex(),
    files: {
      letters: describe(names.letters, letterTable),
      versions: versionTable && describe(names.versions, versionTable),
    },
  }
  const manifestBytes = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`, 'utf8')
  return {
    manifest,
    files: [
      { ...named(manifest.files.letters), bytes: letterTable.bytes },
      ...(versionTable && manifest.files.versions
        ? [{ ...named(manifest.files.versions), bytes: versionTable.bytes }]
        : []),
      { name: names.manifest, bytes: manifestBytes, sha256: sha256Of(manifestBytes) },
    ],
  }
}

function* letterRows(letters: readonly ArchivedLetter[], digest: ContentsDigest): Iterable<readonly Cell[]> {
  let versionsFrom = 0
  let before = ''
  for (const { versions, ...letter } of letters) {
    if (letter.id <= before) throw new RangeError('letters are archived in the order of their ids')
    before = letter.id
    digest.add(letter)
    const row: LetterRow = {
      ...letter,
      headersJson: headersJson(letter.headers),
      versions: versions.length,
      versionsFrom,
    }
    const cells = cellsOf(letterColumns, row)
    refuseLarge(
      letter.id,
      bytesOf(cells) + versions.reduce((sum, version) => sum + bytesOf(versionCells(letter.id, version)), 0),
    )
    yield cells
    versionsFrom += versions.length
  }
}

function* versionRows(letters: readonly ArchivedLetter[]): Iterable<readonly Cell[]> {
  for (const { id, versions } of letters) for (const version of versions) yield versionCells(id, version)
}

function versionCells(letterId: string, version: ArchivedVersion): readonly Cell[] {
  const row: VersionRow = { letterId, ...version, headersJson: headersJson(version.headers) }
  return cellsOf(versionColumns, row)
}

function cellsOf(columns: readonly Column[], row: LetterRow | VersionRow): readonly Cell[] {
  const values = row as unknown as Readonly<Record<string, unknown>>
  return columns.map((column) => toCell(column, values[column.field]))
}

const bytesOf = (cells: readonly Cell[]): number => cells.reduce((sum: number, cell) => sum + cellBytes(cell), 0)

function refuseLarge(id: string, bytes: number): void {
  if (bytes <= maxLetterBytes) return
  throw unwritable(`the letter ${id} is too large to be archived: ${bytes} bytes of at most ${maxLetterBytes}`)
}

/** For people who read the file: an array of `{ name, value }`, or `{ name, base64 }` where the bytes are no text. */
function headersJson(bytes: Uint8Array): string | null {
  try {
    return JSON.stringify(
      decodeHeaders(bytes).map(({ name, value }) => {
        if (value === null) return { name: name.toWellFormed(), value }
        const buffer = Buffer.from(value.buffer, value.byteOffset, value.length)
        const text = buffer.toString('utf8')
        return text.includes('\uFFFD') && !Buffer.from(text, 'utf8').equals(buffer)
          ? { name: name.toWellFormed(), base64: buffer.toString('base64') }
          : { name: name.toWellFormed(), value: text }
      }),
    )
  } catch {
    return null
  }
}

function countQueues(letters: readonly ArchivedLetter[]): Manifest['queues'] {
  const counts = new Map<string, number>()
  for (const { queue } of letters) counts.set(queue, (counts.get(queue) ?? 0) + 1)
  return [...counts].map(([queue, count]) => ({ queue, letters: count }))
}

function describe(name: string, { bytes, rows, groups }: WrittenTable): ManifestFile {
  return { name, bytes: bytes.length, sha256: sha256Of(bytes), rows, groups }
}

const named = ({ name, sha256 }: ManifestFile): { name: string; sha256: string } => ({ name, sha256 })

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
