import type { QueueConfig } from '../config/index.ts'
import type { Store } from '../store/store.ts'

/** What becomes of uncertain letters, as the configuration says; queues it does not name keep theirs. */
export async function setPolicies(store: Store, queues: Readonly<Record<string, QueueConfig>>): Promise<void> {
  const named = Object.entries(queues)
  if (named.length === 0) return
  await store.pool.query(
    `update queue q set uncertain = p.uncertain from unnest($1::text[], $2::text[]) as p (name, uncertain)
     where q.name = p.name and q.uncertain <> p.uncertain`,
    [named.map(([name]) => name), named.map(([, { uncertain }]) => uncertain ?? 'hold')],
  )
}
