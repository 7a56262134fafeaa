import type { Store } from '../store/store.ts'

/** Fewer rows of a cause are read as quickly as one. */
const manyRows = 50
const causesAtATime = 500

/**
 * Puts what changed the counts of a cause into a row for each state, so that they are read without reading every change. The counts stay as they are, for whoever
 * looks meanwhile as well.
 * @returns rows that are gone
 */
export async function addUpChanges(store: Store, many: number = manyRows): Promise<number> {
  let ended = 0
  for (;;) {
    const done = await store.transaction(async (client) => {
      await client.query('set local statement_timeout to 0')
      const { rows } = await client.query<{ causes: number; rows: number }>(
        `with many as (select cause_id from cause_change group by 1 having count(*) > $1 limit $2),
       gone as (delete from cause_change c using many where c.cause_id = many.cause_id returning c.cause_id, c.state, c.letters),
       made as (
         insert into cause_change (cause_id, state, letters)
         select cause_id, state, sum(letters) from gone group by 1, 2 having sum(letters) <> 0 returning 1
       )
       select (select count(*)::int from many) as causes, ((select count(*) from gone) - (select count(*) from made))::int as rows`,
        [many, causesAtATime],
      )
      return rows[0] ?? { causes: 0, rows: 0 }
    })
    const { causes, rows } = done
    ended += rows
    if (causes < causesAtATime || rows === 0) return ended
  }
}
