import type { Store } from '../store/store.ts'
import { type ArchivePlace, fileNames } from './files/index.ts'

/**
 * Its note goes last: as long as anything of it may lie there, somebody knows. Whoever still writes it finds `removing`. Nothing may depend on it
 * any more.
 */
export async function removeArchive(
  store: Store,
  { place, id }: { readonly place: ArchivePlace; readonly id: string },
): Promise<void> {
  await store.pool.query(`update archive set state = 'removing' where id = $1`, [id])
  const { manifest, letters, versions } = fileNames(id)
  for (const name of [manifest, letters, versions]) await place.remove(name)
  await store.pool.query('delete from archive where id = $1', [id])
}

/** An older backup of the database, put back, takes letters to be archived that were brought back since. */
const keepDays = 30

/**
 * Removes archives that were not finished, and those of which every letter was brought back long ago. The caller is alone in retention, so nobody
 * writes one at this moment; whoever believes so all the same finds its note gone and archives nothing.
 */
export async function removeUnneeded(store: Store, place: ArchivePlace): Promise<void> {
  await store.pool.query(
    `update archive a set emptied_at = now() where state = 'kept' and emptied_at is null
        and not exists (select from archived_letter where archive_id = a.id)`,
  )
  const { rows } = await store.pool.query<{ id: string }>(
    `select id from archive where place = $1 and (state in ('writing', 'removing') or emptied_at < now() - make_interval(days => $2))`,
    [place.description, keepDays],
  )
  for (const { id } of rows) await removeArchive(store, { place, id })
}
