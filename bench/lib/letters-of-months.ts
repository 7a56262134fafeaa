import { opendir, stat } from 'node:fs/promises'
import path from 'node:path'
import { encodeHeaders } from '../../packages/server/src/store/header-list.ts'
import { ensurePartitions, monthOf } from '../../packages/server/src/store/partitions.ts'
import type { Store } from '../../packages/server/src/store/store.ts'

/** The ids of the month so many before this one, and the table of its letters. */
export function aMonth(back: number): { readonly from: string; readonly to: string; readonly table: string } {
  const { from, to, name } = monthOf(Date.now(), -back)
  return { from, to, table: name }
}

/**
 * Replayed letters of the months before this one, one cause and one queue, with books that balance. Each body is another one, of words that
 * compress as text does.
 * @returns letters of each month
 */
export async function fillMonths(
  store: Store,
  { letters, months, bodyBytes }: { readonly letters: number; readonly months: number; readonly bodyBytes: number },
): Promise<number> {
  const perMonth = Math.floor(letters / months)
  const { pool } = store
  for (let back = months; back > 0; back -= 1) await ensurePartitions(pool, timeOf(aMonth(back).from))
  await pool.query(
    `insert into source (broker, system, place, role) values ('kafka', 'kafka', 'orders-dead-letter', 'dead-letter')`,
  )
  await pool.query(`insert into queue (name, broker, system, place) values ('orders', 'kafka', 'kafka', 'orders')`)
  await pool.query(
    `insert into cause (id, queue_id, tier, title, fingerprint_version, fingerprint_key, basis, parts, first_seen, last_seen, letters, sample_letter, first_letter)
     values (1, 1, 'transient', 'bench', 1, sha256('bench'), 'stack', '[]', now(), now(), $1, gen_random_uuid(), gen_random_uuid())`,
    [perMonth * months],
  )
  const client = await pool.connect()
  try {
    await client.query('set statement_timeout to 0')
    for (let back = months; back > 0; back -= 1)
      await fillMonth(client, { from: timeOf(aMonth(back).from), perMonth, bodyBytes })
    const all = perMonth * months
    await client.query(
      `insert into cause_change (cause_id, state, letters) values (1, 'open', $1), (1, 'replayed', $2)`,
      [-all, all],
    )
    await client.query(
      `insert into ledger_entry (transfer, queue_id, account, letters, what) select id, 1, account, n, 'bench'
         from (select gen_random_uuid() as id) t, (values ('source', -$1::bigint), ('replayed', $1::bigint)) as e (account, n)`,
      [all],
    )
    await client.query(
      `insert into source_position (source_id, partition, next_position, delivered, letters) values (1, '0', $1, $1, $1)`,
      [all],
    )
    await client.query('vacuum analyze')
  } finally {
    client.release(true)
  }
  return perMonth
}

const batch = 100_000

async function fillMonth(
  client: { query(text: string, values?: readonly unknown[]): Promise<unknown> },
  { from, perMonth, bodyBytes }: { readonly from: number; readonly perMonth: number; readonly bodyBytes: number },
): Promise<void> {
  const headers = encodeHeaders([{ name: 'content-type', value: Buffer.from('application/json') }])
  for (let first = 0; first < perMonth; first += batch) {
    await client.query(
      `with made as materialized (
         select n, (substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid as id
           from (select n, lpad(to_hex($1::bigint + n), 12, '0') as h from generate_series($2::int, $3::int) as n) m
       ), narrow as (
         insert into letter (id, queue_id, source_id, cause_id, state, revision, identity)
         select id, 1, 1, 1, 'replayed', 2, decode(md5(id::text), 'hex') from made
       )
       insert into letter_content (id, key, body, body_sha256, headers, partition, position, bytes, error_class, message, stack, readers, failure_headers, confidence, terms)
       select id, convert_to('ord-' || n, 'utf8'), b.body, sha256(b.body), $5, '0', n, length(b.body), 'TypeError', 'no container of order ' || n,
              repeat('    at allocate (/srv/reefer/src/allocate.ts:41:11)' || chr(10), 4), '{redrive}', '{}', '{}', array[n, n + 1]
         from made, lateral (select convert_to(left('{"order":' || n || ',"note":"' || repeat(md5(n::text) || ' reefer container, ', $4::int / 50 + 1), $4::int), 'utf8') as body) b`,
      [from, first, Math.min(perMonth, first + batch) - 1, bodyBytes, headers],
    )
  }
}

function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

/** Of all files in a folder and below it, without the log of the database, whose size follows its own rules. */
export async function bytesOnDisk(folder: string): Promise<number> {
  let sum = 0
  for await (const entry of await opendir(folder, { recursive: true })) {
    const file = path.join(entry.parentPath, entry.name)
    if (entry.isFile() && !file.includes('pg_wal'))
      sum += await stat(file).then(
        ({ size }) => size,
        () => 0,
      )
  }
  return sum
}
