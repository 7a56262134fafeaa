import { isRedriveError, RedriveError } from '@redrive/worker'
import { type LetterDetail, shownBytes, shownBytesOf } from '../letters/index.ts'
import { parseLetterId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { readArchived } from './archived-bytes.ts'
import type { ArchivedLetter, ArchivePlace } from './files/index.ts'

/** A letter with the bytes that lie in its archive; without them, and why, when they cannot be read. */
export async function withArchivedBytes(
  store: Store,
  place: ArchivePlace | null,
  letter: LetterDetail,
): Promise<LetterDetail> {
  if (letter.archive === null) return letter
  const { archive, failure, message } = letter
  try {
    const archived = await readArchived(store, { place, id: parseLetterId(letter.id) })
    if (archived === null) return letter
    const { key, body, headers } = versionOf(archived, archived.version)
    const shown = {
      key: buffer(key),
      body: buffer(body)?.subarray(0, shownBytes) ?? null,
      headers: Buffer.from(headers),
      properties: buffer(archived.properties),
    }
    return {
      ...letter,
      failure: { ...failure, stack: archived.stack },
      message: {
        ...message,
        ...shownBytesOf(shown, archived.failureHeaders),
        bodyBytes: body === null ? null : body.length,
      },
    }
  } catch (error) {
    if (!isRedriveError(error, 'ARCHIVE_UNREADABLE')) throw error
    return { ...letter, archive: { ...archive, problem: error.message } }
  }
}

/**
 * The body of an archived letter.
 * @param options.version 0: as it was captured; without it the one that counts
 * @returns `undefined` when the letter is not archived
 * @throws NOT_FOUND (no such version), ARCHIVE_UNREADABLE
 */
export async function archivedBody(
  store: Store,
  place: ArchivePlace | null,
  { letter, version }: { readonly letter: string; readonly version?: number | undefined },
): Promise<Buffer | null | undefined> {
  const archived = await readArchived(store, { place, id: parseLetterId(letter) })
  return archived === null ? undefined : buffer(versionOf(archived, version ?? archived.version).body)
}

function versionOf(
  letter: ArchivedLetter,
  version: number,
): Pick<ArchivedLetter, 'key' | 'body' | 'headers' | 'bodySha256'> {
  const found = version === 0 ? letter : letter.versions.find((each) => each.version === version)
  if (found !== undefined) return found
  throw new RedriveError('NOT_FOUND', `The letter has no version ${version}.`, {
    hint: 'Versions are listed by: redrive letter versions',
  })
}

function buffer(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
