import type { ArchivePlace } from '../src/archive/index.ts'
import { defaultRetention, type RetentionPolicy } from '../src/config/index.ts'
import { beginPass, carryOutPass } from '../src/retention/index.ts'
import { ensurePartitions } from '../src/store/partitions.ts'
import { firstUuidAt } from '../src/store/uuid.ts'
import type { OfficeBed } from './office-bed.ts'

export const neverAborted = new AbortController().signal

/** The same letters as if nothing had happened to them for so many days. */
export async function aged({ store }: OfficeBed, ids: readonly string[], days: number): Promise<void> {
  await store.pool.query(
    'update letter set changed_at = changed_at - make_interval(days => $2) where id = any($1::uuid[])',
    [ids, days],
  )
}

/** The same letters as if they had been captured in another month. @returns their ids there */
export async function capturedIn({ store }: OfficeBed, ids: readonly string[], month: string): Promise<string[]> {
  const atMs = Date.parse(`${month}-10T12:00:00Z`)
  await ensurePartitions(store.pool, atMs)
  const moved = ids.map((id, at) => firstUuidAt(atMs + at).slice(0, 24) + id.slice(24))
  for (const [table, column] of [
    ['letter', 'id'],
    ['letter_content', 'id'],
    ['plan_letter', 'letter_id'],
    ['letter_line', 'letter_id'],
  ] as const)
    await store.pool.query(
      `update ${table} set ${column} = m.is from unnest($1::uuid[], $2::uuid[]) as m (was, "is") where ${column} = m.was`,
      [ids, moved],
    )
  // The trigger on letters has put the new ones beside them.
  await store.pool.query('delete from outstanding where letter_id = any($1::uuid[])', [ids])
  return moved
}

/** Ends what is due. @returns letters that were deleted and archived */
export async function passed(
  { store }: OfficeBed,
  retention: RetentionPolicy = defaultRetention,
  place: ArchivePlace | null = null,
): Promise<{ readonly deleted: number; readonly archived: number; readonly freedBytes: number }> {
  const pass = await beginPass(store, { retention, place })
  if (pass === null) return { deleted: 0, archived: 0, freedBytes: 0 }
  await carryOutPass(store, pass, { signal: neverAborted })
  const { rows } = await store.pool.query<{ deleted: number; archived: number; freedBytes: number }>(
    'select deleted::int, archived::int, freed_bytes::float8 as "freedBytes" from retention_pass where id = $1',
    [pass.id],
  )
  return rows[0] ?? { deleted: -1, archived: -1, freedBytes: -1 }
}
