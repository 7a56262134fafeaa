import { RedriveError } from '@redrive/worker'
import type { Store } from '../store/store.ts'
import { type ArchivedLetter, type ArchivePlace, readLetter, readManifest } from './files/index.ts'

/**
 * An archived letter, read where it lies.
 * @param id UUID
 * @returns `null` when it is not archived
 * @throws ARCHIVE_UNREADABLE
 */
export async function readArchived(
  store: Store,
  { place, id }: { readonly place: ArchivePlace | null; readonly id: string },
): Promise<ArchivedLetter | null> {
  const { rows } = await store.pool.query<{ archive_id: string; row: number; place: string; manifestSha256: string }>(
    `select n.archive_id, n.row, a.place, a.manifest_sha256 as "manifestSha256" from archived_letter n join archive a on a.id = n.archive_id where n.letter_id = $1`,
    [id],
  )
  const [at] = rows
  if (at === undefined) return null
  const there = placeOf(place, at.place)
  const letter = await readLetter(there, await readManifest(there, at.archive_id, at), at.row)
  if (letter.id === id) return letter
  throw new RedriveError('ARCHIVE_UNREADABLE', 'The archive holds another letter where this one should be.', {
    hint: 'See what else is wrong with it: redrive archive verify',
  })
}

/** The place that the configuration names, if it is that one. @throws ARCHIVE_UNREADABLE */
export function placeOf(place: ArchivePlace | null, wanted: string): ArchivePlace {
  if (place?.description === wanted) return place
  throw new RedriveError('ARCHIVE_UNREADABLE', `The archive lies in ${wanted}, which redrive.yaml does not name.`, {
    hint: 'Name it under archive in redrive.yaml and restart the office; it may name one place.',
  })
}
