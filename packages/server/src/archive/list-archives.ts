import { parseArchiveId, showArchiveId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'

export interface ArchiveView {
  /** `x_…` */
  readonly id: string
  readonly madeAt: string
  /** Of its files: they begin so. */
  readonly place: string
  /** That were written. */
  readonly letters: number
  /** Of them, those that are still archived. */
  readonly left: number
  readonly bytes: number
  readonly verifiedAt: string | null
  /** What was wrong with it then. */
  readonly problem: string | null
}

/** Newest first. @param options.after `next` of the page before */
export async function listArchives(
  store: Store,
  { limit, after }: { readonly limit: number; readonly after?: string },
): Promise<{ readonly archives: readonly ArchiveView[]; readonly next: string | null }> {
  const { rows } = await store.pool.query<
    Omit<ArchiveView, 'madeAt' | 'verifiedAt'> & { readonly made: Date; readonly verified: Date | null }
  >(
    `select id, made_at as made, place || '/a_' || id as place, letters, bytes::float8, verified_at as verified, problem,
       (select count(*)::int from archived_letter where archive_id = a.id) as left
     from archive a where state = 'kept' and ($2::uuid is null or (made_at, id) < (select made_at, id from archive where id = $2))
     order by made_at desc, id desc limit $1`,
    [limit + 1, after === undefined ? null : parseArchiveId(after)],
  )
  const archives = rows.slice(0, limit).map(({ id, made, verified, ...archive }) => ({
    ...archive,
    id: showArchiveId(id),
    madeAt: made.toISOString(),
    verifiedAt: verified?.toISOString() ?? null,
  }))
  return { archives, next: rows.length > limit ? (archives.at(-1)?.id ?? null) : null }
}
