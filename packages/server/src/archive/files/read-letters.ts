import { bodyHash, contentHash } from '../../store/letter-versions.ts'
import type { ArchivedLetter, ArchivedState, ArchivedVersion } from './archived-letter.ts'
import { letterColumns, versionColumns } from './encode-letters.ts'
import { maxLetterBytes } from './limits.ts'
import type { Manifest, ManifestFile } from './manifest.ts'
import { type ArchivePlace, unreadable } from './place.ts'
import { openRows, type Row, type RowFile } from './read-rows.ts'
import type { LetterRow, VersionRow } from './shape.ts'

/**
 * Reads the group the letter lies in and those of its versions, not the files.
 * @param row from 0, in the order in which they were archived
 * @throws ARCHIVE_UNREADABLE also when body or version do not have their hash: such a letter may not be replayed
 */
export async function readLetter(place: ArchivePlace, manifest: Manifest, row: number): Promise<ArchivedLetter> {
  const { group, within } = groupOf(manifest.files.letters, row)
  const letters = await openRows<LetterRow>(place, manifest.files.letters, letterColumns)
  try {
    const found = await letters.row(group, within)
    const versions = await openVersions(place, manifest)
    try {
      return await letterOf(found, versions)
    } finally {
      await versions?.rows.reader.close()
    }
  } finally {
    await letters.reader.close()
  }
}

/** All of them, in the order in which they were archived, with the memory of a few groups. @throws ARCHIVE_UNREADABLE as `readLetter` */
export async function* readLetters(place: ArchivePlace, manifest: Manifest): AsyncGenerator<ArchivedLetter> {
  const letters = await openRows<LetterRow>(place, manifest.files.letters, letterColumns)
  try {
    const versions = await openVersions(place, manifest)
    try {
      for (const at of manifest.files.letters.groups.keys()) {
        for (const row of await letters.group(at)) yield await letterOf(row, versions)
      }
    } finally {
      await versions?.rows.reader.close()
    }
  } finally {
    await letters.reader.close()
  }
}

/** What is wrong with a letter or a version in itself; `null`: it has its hashes. */
export function damageOf(row: LetterRow | VersionRow): string | null {
  if ('state' in row && !isState(row.state)) return 'it is in a state that Redrive does not archive'
  const body = row.body && asBuffer(row.body)
  if (!bodyHash(body).equals(row.bodySha256)) return 'its body does not have its hash'
  if (!('contentSha256' in row)) return null
  const content = { key: row.key && asBuffer(row.key), body, headers: asBuffer(row.headers) }
  return contentHash(content).equals(row.contentSha256) ? null : 'its content does not have its hash'
}

interface Versions {
  readonly rows: RowFile<VersionRow>
  /** The group that was read last: versions are asked for in the order of the file. */
  last: { readonly group: number; readonly rows: readonly Row<VersionRow>[] } | null
}

async function openVersions(place: ArchivePlace, { files }: Manifest): Promise<Versions | null> {
  return files.versions && { rows: await openRows<VersionRow>(place, files.versions, versionColumns), last: null }
}

async function letterOf({ value, bytes }: Row<LetterRow>, versions: Versions | null): Promise<ArchivedLetter> {
  const { versions: count, versionsFrom, headersJson: _, state, ...rest } = value
  const problem = damageOf(value)
  if (problem !== null || !isState(state)) throw unreadable(`the letter ${rest.id} was altered: ${problem}`)
  let size = bytes
  const own: ArchivedVersion[] = []
  for (let row = versionsFrom; row < versionsFrom + count; row += 1) {
    const version = await versionAt(versions, row)
    const { letterId, headersJson: __, ...content } = version.value
    const wrong = letterId === rest.id ? damageOf(version.value) : 'it belongs to another letter'
    if (wrong !== null) throw unreadable(`version ${content.version} of the letter ${rest.id} was altered: ${wrong}`)
    size += version.bytes
    // What is written is smaller, so this is somebody else's, made to fill the memory.
    if (size > maxLetterBytes) throw unreadable(`the letter ${rest.id} is larger than any that Redrive archives`)
    own.push(content)
  }
  return { ...rest, state, versions: own }
}

async function versionAt(versions: Versions | null, row: number): Promise<Row<VersionRow>> {
  if (versions === null) throw unreadable('a letter has versions, but its archive has no file of them')
  const { group, within } = groupOf(versions.rows.file, row)
  if (versions.last?.group !== group) versions.last = { group, rows: await versions.rows.group(group) }
  const found = versions.last.rows[within]
  if (found === undefined) throw unreadable(`${versions.rows.file.name} has no row ${row}`)
  return found
}

/** Where a row lies. @throws ARCHIVE_UNREADABLE when there are not so many */
function groupOf({ name, groups }: ManifestFile, row: number): { readonly group: number; readonly within: number } {
  let before = 0
  for (const [group, { rows }] of groups.entries()) {
    if (row >= 0 && row < before + rows) return { group, within: row - before }
    before += rows
  }
  throw unreadable(`${name} has no row ${row}`)
}

const isState = (state: string): state is ArchivedState => ['open', 'replayed', 'discarded'].includes(state)

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
