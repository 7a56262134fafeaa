import type { PoolClient } from 'pg'
import type { RetentionPolicy } from '../../config/index.ts'
import { forecast, readPolicies } from '../../retention/index.ts'
import type { KeptSo } from '../judge-hygiene.ts'
import type { Review } from '../review.ts'

const days = 7

/** What ends next, and by queue how long its letters are kept at least. */
export async function readRetention(
  client: PoolClient,
  office: RetentionPolicy,
): Promise<{ readonly retention: Review['retention']; readonly keptSo: ReadonlyMap<string, KeptSo> }> {
  const policies = await readPolicies(client, office)
  const { queues, held } = await forecast(client, { policies, days })
  const { rows } = await client.query<{ asks: number }>(
    `select coalesce(sum(to_delete + to_archive), 0)::float8 as asks from retention_pass where state = 'asks'`,
  )
  return {
    retention: {
      delete: queues.reduce((sum, queue) => sum + queue.delete, 0),
      archive: queues.reduce((sum, queue) => sum + queue.archive, 0),
      held,
      asks: rows[0]?.asks ?? 0,
    },
    keptSo: new Map(
      [...Map.groupBy(policies, ({ queue }) => queue)].map(([queue, own]) => [
        queue,
        {
          leastDays: Math.min(...own.map((each) => (each.afterwards === 'delete' ? each.keepDays : Infinity))),
          endsUnseen: own.some(({ open }) => open.afterwards !== 'keep' && open.neverLookedAt === 'end'),
        },
      ]),
    ),
  }
}
