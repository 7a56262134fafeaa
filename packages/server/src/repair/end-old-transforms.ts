import { endEach } from '../store/end-each.ts'
import type { Store } from '../store/store.ts'

/** So long a transform waits for somebody to apply it. */
export const transformWaitsDays = 30

/** Forgets transforms that nobody applied, to no letter. @returns how many */
export function endOldTransforms(store: Store): Promise<number> {
  return endEach(store, async (client) => {
    const { rowCount } = await client.query(
      `delete from transform where id = (
         select id from transform t where created_at < now() - make_interval(days => $1)
           and not exists (select from transform_letter l where l.transform_id = t.id and l.result is not null)
         order by created_at limit 1 for update skip locked)`,
      [transformWaitsDays],
    )
    return rowCount === 1
  })
}
