import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineFindings } from '../src/doctor/line-findings.ts'
import { officeBed } from './office-bed.ts'

test('a line that does not move is found, whatever number of lines another queue has', async (t) => {
  const bed = await officeBed(t)
  const [first, second] = await bed.captured({ key: 'k' }, { key: 'k' })
  await bed.captured({ queue: 'crowd' })
  await bed.store.pool.query(`update letter set state = 'held' where id = $1`, [second])
  await bed.store.pool.query(
    `insert into key_line (queue_id, consumer, key, look_at)
     select id, 'reefer', 'k' || n, now() - interval '1 hour' from queue, generate_series(1, 1200) n where name = 'crowd'
     union all select id, 'reefer', 'k', now() from queue where name = 'orders'`,
  )
  await bed.store.pool.query(
    `insert into letter_line (letter_id, line_id, at)
     select l, k.id, n from key_line k, unnest($1::uuid[]) with ordinality as u (l, n) where k.key = 'k'`,
    [[first, second]],
  )
  const found = await lineFindings(bed.store, { olderThanDays: 7, nowMs: Date.now() + 8 * 86_400_000 })
  assert.deepEqual(
    found.map(({ queue, what }) => [queue, what]),
    [['orders', '1 held letter in 1 line that does not move']],
  )
})
