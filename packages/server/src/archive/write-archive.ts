import { randomUUID } from 'node:crypto'
import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { type LedgerAccount, recordTransfers } from '../ledger/index.ts'
import type { Store } from '../store/store.ts'
import { version } from '../version.ts'
import { type ArchivePlace, encodeLetters, verifyArchive } from './files/index.ts'
import type { WholeLetter } from './read-whole-letters.ts'
import { removeArchive } from './remove-archives.ts'

/**
 * Writes letters down elsewhere, in two phases. First a note that an archive is being written, then its files, which are read back and compared
 * with their hashes; only then, in one transaction, its letters become `archived`. Whoever dies on the way leaves a note of an archive that no letter
 * depends on (`clear-unfinished.ts`).
 *
 * @param letters whole, in the order of ids; none damaged
 * @param options.onArchived what else belongs into the transaction, with the ids of them
 * @returns how many; 0 when one of them changed meanwhile: then nothing is left of it
 * @throws ARCHIVE_UNWRITABLE, ARCHIVE_UNREADABLE
 */
export async function writeArchive(
  store: Store,
  {
    place,
    letters,
    pass,
    onArchived,
  }: {
    readonly place: ArchivePlace
    readonly letters: readonly WholeLetter[]
    readonly pass: string
    readonly onArchived: (client: PoolClient, ids: readonly string[]) => Promise<void>
  },
): Promise<number> {
  const id = randomUUID()
  await store.pool.query(`insert into archive (id, pass_id, state, place) values ($1, $2, 'writing', $3)`, [
    id,
    pass,
    place.description,
  ])
  const put = await putFiles(place, { id, letters })
  try {
    await store.transaction(async (client) => {
      await takeLetters(client, { id, letters, put })
      await onArchived(
        client,
        letters.map(({ letter }) => letter.id),
      )
    })
    return letters.length
  } catch (error) {
    if (error !== changedMeanwhile) throw error
    await removeArchive(store, { place, id })
    return 0
  }
}

export const changedMeanwhile: Error = new Error('a letter changed while it was archived')

export interface Put {
  readonly bytes: number
  readonly manifestSha256: string
}

export async function putFiles(
  place: ArchivePlace,
  { id, letters }: { readonly id: string; readonly letters: readonly Pick<WholeLetter, 'letter'>[] },
): Promise<Put> {
  const about = { archive: id, madeAt: new Date(), madeBy: `redrive ${version}` }
  const { files, manifest } = encodeLetters(
    letters.map(({ letter }) => letter),
    about,
  )
  for (const { name, bytes } of files) await place.put(name, bytes)
  const manifestSha256 = files.at(-1)?.sha256 ?? ''
  const { problems } = await verifyArchive(place, id, { manifestSha256 })
  const [problem] = problems
  if (problem !== undefined)
    throw new RedriveError(
      'ARCHIVE_UNWRITABLE',
      `What was written to ${place.description} is not what lies there: ${problem}.`,
      {
        hint: 'The letters are still in the office. Look after that disk or store before more is archived.',
      },
    )
  const { letters: main, versions } = manifest.files
  return { bytes: main.bytes + (versions?.bytes ?? 0), manifestSha256 }
}

/** @throws changedMeanwhile when one of them changed since it was read */
async function takeLetters(
  client: PoolClient,
  { id, letters, put }: { readonly id: string; readonly letters: readonly WholeLetter[]; readonly put: Put },
): Promise<void> {
  await client.query(`set local statement_timeout to 0`)
  const { rowCount } = await client.query(`select from archive where id = $1 and state = 'writing' for update`, [id])
  if (rowCount !== 1) throw changedMeanwhile
  const { rows } = await client.query<{ queue_id: number; was: LedgerAccount; letters: number }>(
    `with chosen as materialized (
       select l.id, l.queue_id, l.state as was, n.ordinality - 1 as row
         from unnest($2::uuid[], $3::int[], $4::letter_state[]) with ordinality as n (id, revision, state)
         join letter l on l.id = n.id and l.revision = n.revision and l.state = n.state order by l.id for update of l skip locked
     ), changed as (
       update letter set state = 'archived', revision = letter.revision + 1, changed_at = now() from chosen o where letter.id = o.id
     ), noted as (
       insert into archived_letter (letter_id, archive_id, row, was) select id, $1, row, was from chosen
     )
     select queue_id, was, count(*)::int as letters from chosen group by 1, 2`,
    [
      id,
      letters.map(({ letter }) => letter.id),
      letters.map(({ revision }) => revision),
      letters.map(({ letter }) => letter.state),
    ],
  )
  if (rows.reduce((sum, row) => sum + row.letters, 0) !== letters.length) throw changedMeanwhile
  await recordTransfers(
    client,
    rows.map(({ queue_id: queueId, was: from, letters: moved }) => ({
      queueId,
      from,
      to: 'archived',
      letters: moved,
      what: 'archive',
      reference: id,
    })),
  )
  await client.query(
    `update archive set state = 'kept', letters = $2, bytes = $3, manifest_sha256 = $4, verified_at = now() where id = $1`,
    [id, letters.length, put.bytes, put.manifestSha256],
  )
}
