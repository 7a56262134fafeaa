import { endEach } from '../../store/end-each.ts'
import type { Store } from '../../store/store.ts'

/** So long a planned discard waits for somebody to carry it out. */
export const discardWaitsDays = 30

/** Forgets discards that were planned and not carried out. @returns how many */
export function endOldDiscards(store: Store): Promise<number> {
  return endEach(store, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `select id from discard where state = 'planned' and created_at < now() - make_interval(days => $1)
        order by created_at limit 1 for update skip locked`,
      [discardWaitsDays],
    )
    const [old] = rows
    if (old === undefined) return false
    await client.query('delete from discard_letter where discard_id = $1', [old.id])
    await client.query('delete from discard where id = $1', [old.id])
    return true
  })
}
