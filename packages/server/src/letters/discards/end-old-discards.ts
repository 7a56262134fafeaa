import type { Store } from '../../store/store.ts'

/** So long a planned discard waits for somebody to carry it out. */
export const discardWaitsDays = 30

/** Forgets discards that were planned and not carried out. @returns how many */
export async function endOldDiscards(store: Store): Promise<number> {
  for (let ended = 0; ; ended++) {
    const isDone = await store.transaction(async (client) => {
      await client.query('set local statement_timeout to 0')
      const { rows } = await client.query<{ id: string }>(
        `select id from discard where state = 'planned' and created_at < now() - make_interval(days => $1)
          order by created_at limit 1 for update skip locked`,
        [discardWaitsDays],
      )
      const [old] = rows
      if (old === undefined) return true
      await client.query('delete from discard_letter where discard_id = $1', [old.id])
      await client.query('delete from discard where id = $1', [old.id])
      return false
    })
    if (isDone) return ended
  }
}
