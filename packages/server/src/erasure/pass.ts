import { type ArchivePlace, removeUnneeded } from '../archive/index.ts'
import { recordTransfers } from '../ledger/index.ts'
import type { Store } from '../store/store.ts'
import { endArchived } from './end-archived.ts'
import { forgetHashes } from './end-letters.ts'
import { discardInLine, endLive } from './end-live.ts'
import { freeBytes } from './free-bytes.ts'
import { forgetPlans } from './plan-erasure.ts'
import { takeOutTexts } from './take-out-texts.ts'

export interface ErasurePass {
  /** Where letters are archived; `null`: nowhere. */
  readonly place: ArchivePlace | null
  /** The database is a server of the office's own. */
  readonly ownsServer: boolean
  readonly signal: AbortSignal
}

/**
 * Goes on with every erasure that was begun, as far as it can now. Whatever ends it on the way, the next one goes on from there. The caller is alone in
 * retention.
 * @throws what the database says; other trouble is written down with its erasure
 */
export async function erasureOnce(store: Store, pass: ErasurePass): Promise<void> {
  await forgetPlans(store)
  const { rows } = await store.pool.query<Begun>(
    `select id, begun_by as by, also_words as "alsoWords" from erasure where state = 'running' order by begun_at, id`,
  )
  if (rows.length > 0 && pass.place !== null) await removeUnneeded(store, pass.place)
  for (const erasure of rows) {
    if (pass.signal.aborted) return
    try {
      await goOn(store, erasure, pass)
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      await store.pool.query('update erasure set tried_at = now(), problem = $2 where id = $1', [
        erasure.id,
        problem.slice(0, 1_000).toWellFormed().replaceAll('\0', ''),
      ])
      throw error
    }
  }
}

interface Begun {
  readonly id: string
  readonly by: string
  readonly alsoWords: boolean
}

async function goOn(store: Store, { id, by, alsoWords }: Begun, pass: ErasurePass): Promise<void> {
  const { place, ownsServer, signal } = pass
  await discardInLine(store, { id, by })
  await takeStones(store, id)
  await endLive(store, { erasure: id, signal })
  const ofArchives = await endArchived(store, { erasure: id, place, signal })
  if (signal.aborted) return
  await takeOutTexts(store, { erasure: id, alsoWords })
  const { left, lastChange, erased, freed, partitions } = await noteWay(store, id, {
    isArchiveTrouble: ofArchives !== null,
  })
  const isWhole = left === 0 && ofArchives === null
  const others =
    isWhole || freed < erased ? await freeBytes(store, { partitions, lastChange, ownsServer, signal }) : null
  if (signal.aborted) return
  const isStuck = others === null && (isWhole || freed < erased)
  const problem = ofArchives ?? (isStuck ? 'somebody still reads what was there; it is tried again' : null)
  await store.pool.query(
    `update erasure set tried_at = now(), problem = $2, freed = case when $3 then $4 else freed end,
       bytes_at = case when $3 then now() else bytes_at end, left_to_others = coalesce($5, left_to_others) where id = $1`,
    [id, problem, others !== null, erased, others],
  )
  if (isWhole && others !== null) await finish(store, id)
}

/** Letters that retention deleted since they were frozen have left a hash, and books of their own. */
async function takeStones(store: Store, erasure: string): Promise<void> {
  await store.transaction(async (client) => {
    const { rows } = await client.query<{ queue_id: number; letters: number; ids: string[] }>(
      `with taken as (
         update tombstone t set is_erased = true, body_sha256 = null, pass_id = $1
           from erasure_letter e where e.erasure_id = $1 and e.letter_id = t.letter_id and not t.is_erased returning t.queue_id, t.letter_id
       ), noted as (
         update erasure set erased = erased + (select count(*) from taken), last_change = pg_current_xact_id() where id = $1 and exists (select from taken)
       )
       select queue_id, count(*)::int as letters, array_agg(letter_id) as ids from taken group by 1`,
      [erasure],
    )
    await forgetHashes(
      client,
      rows.flatMap(({ ids }) => ids),
    )
    await recordTransfers(
      client,
      rows.map(({ queue_id: queueId, letters }) => ({
        queueId,
        from: 'tombstone',
        to: 'erased',
        letters,
        what: 'erasure',
        reference: erasure,
      })),
    )
  })
}

interface Way {
  /** Letters that are still here. */
  readonly left: number
  readonly lastChange: string | null
  readonly erased: number
  readonly freed: number
  readonly partitions: readonly string[]
}

/** Writes down how far it is. Once no letter is left, what was looked for is forgotten as well, before tables are written anew. */
async function noteWay(
  store: Store,
  erasure: string,
  { isArchiveTrouble }: { readonly isArchiveTrouble: boolean },
): Promise<Way> {
  return store.transaction(async (client) => {
    const { rows: count } = await client.query<{ left: number }>(
      'select count(*)::int as left from erasure_letter e join letter l on l.id = e.letter_id where e.erasure_id = $1',
      [erasure],
    )
    const left = count[0]?.left ?? 0
    const isWhole = left === 0 && !isArchiveTrouble
    if (isWhole) await client.query('delete from erasure_text where erasure_id = $1', [erasure])
    const { rows } = await client.query<Omit<Way, 'left'>>(
      `update erasure set
         letters_at = case when $2 then coalesce(letters_at, now()) else letters_at end,
         archives_at = case when $3 then coalesce(archives_at, now()) else archives_at end,
         texts_at = case when $3 then coalesce(texts_at, now()) else texts_at end,
         last_change = case when $3 and texts_at is null then pg_current_xact_id() else last_change end
        where id = $1 returning last_change::text as "lastChange", erased, freed, partitions`,
      [erasure, left === 0, isWhole],
    )
    return { lastChange: null, erased: 0, freed: 0, partitions: [], ...rows[0], left }
  })
}

async function finish(store: Store, erasure: string): Promise<void> {
  await store.transaction(async (client) => {
    await client.query('delete from erasure_letter where erasure_id = $1', [erasure])
    await client.query(
      `update erasure set state = 'done', finished_at = now(), problem = null where id = $1 and state = 'running'`,
      [erasure],
    )
  })
}
