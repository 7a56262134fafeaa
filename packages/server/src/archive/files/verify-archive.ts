import { createHash } from 'node:crypto'
import { isRedriveError } from '@redrive/worker'
import { ContentsDigest } from './contents-digest.ts'
import { letterColumns, versionColumns } from './encode-letters.ts'
import { type Expected, type Manifest, type ManifestFile, readManifest } from './manifest.ts'
import type { ArchivePlace, RandomReader } from './place.ts'
import { damageOf } from './read-letters.ts'
import { openRows, type RowFile } from './read-rows.ts'
import type { Column, LetterRow, VersionRow } from './shape.ts'

export interface ArchiveVerdict {
  readonly archive: string
  /** Those that were read and found whole. */
  readonly letters: number
  /** Sentences for people; none: everything is as it was written. At most about a hundred. */
  readonly problems: readonly string[]
}

const maxProblems = 100
const hashedAtOnceBytes = 1024 * 1024

/** Reads everything an archive has and compares it with all that is said of it. Damage is a value, never thrown. */
export async function verifyArchive(
  place: ArchivePlace,
  archive: string,
  expected: Expected = {},
): Promise<ArchiveVerdict> {
  const problems = new Problems()
  const manifest = await problems.catch(() => readManifest(place, archive, expected))
  const letters = manifest === undefined ? 0 : await verifyFiles(place, manifest, problems)
  return { archive, letters, problems: problems.all }
}

class Problems {
  readonly all: string[] = []

  add(problem: string): void {
    if (this.all.length < maxProblems) this.all.push(problem)
    else if (this.all.length === maxProblems) this.all.push('and more')
  }

  /** What is unreadable becomes a problem; a fault of ours does not. */
  async catch<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!isRedriveError(error, 'ARCHIVE_UNREADABLE')) throw error
      this.add(error.message)
      return undefined
    }
  }
}

/** @returns how many letters are whole */
async function verifyFiles(place: ArchivePlace, manifest: Manifest, problems: Problems): Promise<number> {
  const { letters, versions } = manifest.files
  const owners: VersionOwner[] = []
  let areOwnersKnown = false
  let whole = 0
  await withRows<LetterRow>(place, letters, { columns: letterColumns, problems }, async (rows) => {
    const found = await verifyLetters(rows, { manifest, owners, problems })
    whole = found.whole
    areOwnersKnown = found.isRead
  })
  if (versions !== null)
    await withRows<VersionRow>(place, versions, { columns: versionColumns, problems }, (rows) =>
      verifyVersions(rows, { owners: areOwnersKnown ? owners : null, problems }),
    )
  return whole
}

/** Hashes the whole file, then hands it out by its groups. */
async function withRows<R extends LetterRow | VersionRow>(
  place: ArchivePlace,
  file: ManifestFile,
  { columns, problems }: { readonly columns: readonly Column[]; readonly problems: Problems },
  look: (rows: RowFile<R>) => Promise<void>,
): Promise<void> {
  await problems.catch(async () => {
    const rows = await openRows<R>(place, file, columns)
    try {
      await problems.catch(async () => {
        if ((await hashOf(rows.reader)) !== file.sha256)
          problems.add(`${file.name} was altered: it does not have the hash of the manifest`)
      })
      await look(rows)
    } finally {
      await rows.reader.close()
    }
  })
}

async function hashOf(reader: RandomReader): Promise<string> {
  const hash = createHash('sha256')
  for (let at = 0; at < reader.byteLength; at += hashedAtOnceBytes)
    hash.update(new Uint8Array(await reader.slice(at, Math.min(reader.byteLength, at + hashedAtOnceBytes))))
  return hash.digest('hex')
}

interface VersionOwner {
  readonly letter: string
  readonly versions: number
}

async function verifyLetters(
  rows: RowFile<LetterRow>,
  {
    manifest,
    owners,
    problems,
  }: { readonly manifest: Manifest; readonly owners: VersionOwner[]; readonly problems: Problems },
): Promise<{ readonly whole: number; readonly isRead: boolean }> {
  const digest = new ContentsDigest()
  const queues = new Map<string, number>()
  let whole = 0
  let versions = 0
  let isRead = true
  let last: string | null = null
  for (const at of rows.file.groups.keys()) {
    const group = await problems.catch(() => rows.group(at))
    if (group === undefined) isRead = false
    for (const { value: letter } of group ?? []) {
      const problem =
        letter.bodySha256.length !== 32
          ? 'it has no hash'
          : last !== null && letter.id <= last
            ? 'it is out of order or there twice'
            : letter.versionsFrom !== versions && isRead
              ? 'its versions lie elsewhere'
              : damageOf(letter)
      if (problem === null) whole += 1
      else problems.add(`the letter ${letter.id} is damaged: ${problem}`)
      if (last === null && isRead && letter.id !== manifest.firstId)
        problems.add('the first letter is another one than the manifest says')
      last = letter.id
      if (letter.bodySha256.length === 32) digest.add(letter)
      queues.set(letter.queue, (queues.get(letter.queue) ?? 0) + 1)
      versions += Math.max(0, letter.versions)
      if (letter.versions > 0) owners.push({ letter: letter.id, versions: letter.versions })
    }
  }
  // What could not be read is a problem already, and everything below would only say so again.
  if (!isRead) return { whole, isRead }
  if (last !== manifest.lastId) problems.add('the last letter is another one than the manifest says')
  if (digest.hex() !== manifest.contents) problems.add('the letters are not those whose digest the manifest has')
  if (versions !== manifest.versions)
    problems.add(`the letters have ${versions} versions, the manifest says ${manifest.versions}`)
  const isCounted =
    manifest.queues.length === queues.size &&
    manifest.queues.every(({ queue, letters }) => queues.get(queue) === letters)
  if (!isCounted) problems.add('the letters of each queue are not as many as the manifest says')
  return { whole, isRead }
}

/** @param owners in their order; `null` when the letters could not all be read */
async function verifyVersions(
  rows: RowFile<VersionRow>,
  { owners, problems }: { readonly owners: readonly VersionOwner[] | null; readonly problems: Problems },
): Promise<void> {
  const left = owners?.values()
  let owner: VersionOwner | undefined
  let seen = 0
  for (const at of rows.file.groups.keys()) {
    const group = await problems.catch(() => rows.group(at))
    // Where the next one belongs is not known any more.
    if (group === undefined) return
    for (const { value: version } of group) {
      if (owner === undefined || seen === owner.versions) {
        owner = left?.next().value
        seen = 0
      }
      seen += 1
      const problem =
        owners !== null && version.letterId !== owner?.letter
          ? 'it does not belong to the letter whose turn it is'
          : damageOf(version)
      if (problem !== null)
        problems.add(`version ${version.version} of the letter ${version.letterId} is damaged: ${problem}`)
    }
  }
}
