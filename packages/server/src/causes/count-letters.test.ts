import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from '../store/store.ts'
import { officeDatabase } from '../testing/database.ts'
import { countLetters } from './count-letters.ts'

/** Cause → letters by state. */
const causes: Record<string, Record<string, number>> = {
  1: { open: 3 },
  2: { open: 1_500, replayed: 20 },
  3: { open: 1_001, replayed: 1_002, discarded: 7 },
  4: { open: 9_000, replayed: 8_500 },
  5: { replayed: 1_000, uncertain: 1_001 },
}

test('letters of causes are counted by state, through every change of it', async (t) => {
  const database = await officeDatabase()
  const store = await openStore({ url: database.url, allowUnsafe: true })
  t.after(async () => {
    await store.close()
    await database.drop()
  })
  const { pool } = store
  await pool.query(`insert into source (broker, system, place, role) values ('b', 's', 'p', 'dead-letter')`)
  await pool.query(`insert into queue (name, broker, system, place) values ('q', 'b', 's', 'p')`)
  for (const [id, states] of Object.entries<Record<string, number>>({ ...causes, 6: {} })) {
    const total = Object.values(states).reduce((sum, letters) => sum + letters, 0)
    await pool.query(
      `insert into cause (id, queue_id, tier, title, fingerprint_version, fingerprint_key, basis, parts, first_seen, last_seen, letters, sample_letter, first_letter)
       values ($1::bigint, 1, 'unknown', 't', 1, decode(md5($1::bigint::text), 'hex'), 'nothing', '{}', now(), now(), $2, gen_random_uuid(), gen_random_uuid())`,
      [id, total],
    )
    for (const [state, letters] of Object.entries(states)) {
      await pool.query(
        `insert into letter (id, queue_id, source_id, cause_id, identity)
         select gen_random_uuid(), 1, 1, $1, uuid_send(gen_random_uuid()) from generate_series(1, $2::int)`,
        [id, letters],
      )
      // As replays go: through another state, in statements that touch several causes.
      const open = `where cause_id = $1 and revision = 1`
      if (state === 'open') await pool.query(`update letter set revision = 2 ${open}`, [id])
      else {
        await pool.query(`update letter set state = 'replaying', revision = 2 ${open}`, [id])
        await pool.query(`update letter set state = $1::letter_state where state = 'replaying'`, [state])
      }
    }
  }
  const counted = await countLetters(pool, [...Object.keys(causes), '6', '99'])
  assert.deepEqual(Object.fromEntries(counted), causes)
  assert.deepEqual([...(await countLetters(pool, []))], [])
})
