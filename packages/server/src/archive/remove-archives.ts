import type { Store } from '../store/store.ts'
import { type ArchivePlace, fileNames } from './files/index.ts'

/** The manifest goes first: without it the other files are no archive. Nothing may depend on it any more. */
export async function removeArchive(
  store: Store,
  { place, id }: { readonly place: ArchivePlace; readonly id: string },
): Promise<void> {
  const { manifest, letters, versions } = fileNames(id)
  for (const name of [manifest, letters, versions]) await place.remove(name)
  await store.pool.query('delete from archive where id = $1', [id])
}

/**
 * Removes archives that were not finished, and those of which every letter was brought back. The caller is alone in retention, so nobody writes one
 * at this moment; whoever believes so all the same finds its note gone and archives nothing.
 */
export async function removeUnneeded(store: Store, place: ArchivePlace): Promise<void> {
  const { rows } = await store.pool.query<{ id: string }>(
    `delete from archive a where a.state = 'writing' and a.place = $1 returning a.id`,
    [place.description],
  )
  const { rows: empty } = await store.pool.query<{ id: string }>(
    `select id from archive a where a.state = 'kept' and a.place = $1 and not exists (select from archived_letter where archive_id = a.id)`,
    [place.description],
  )
  for (const { id } of [...rows, ...empty]) await removeArchive(store, { place, id })
}
