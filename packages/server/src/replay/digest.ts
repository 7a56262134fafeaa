import { createHash } from 'node:crypto'
import type { PoolClient } from 'pg'

/**
 * SHA-256 over everything a plan fixes: letters with revision and body hash, destinations, cut-off and pace. Whoever agrees to a plan
 * agrees to its digest; a plan whose rows no longer give it is refused.
 */
export async function digestOfPlan(client: PoolClient, id: string): Promise<Buffer> {
  const hash = createHash('sha256')
  const { rows } = await client.query('select cutoff, destination, pace, selection from plan where id = $1', [id])
  hash.update(JSON.stringify(rows[0] ?? null))
  for (let after = -1; ; ) {
    const page = await client.query<{ ordinal: number; line: string }>(
      `select ordinal, jsonb_build_array(ordinal, letter_id, revision, encode(body_sha256, 'hex'), broker, place)::text as line
       from plan_letter where plan_id = $1 and ordinal > $2 order by ordinal limit 10000`,
      [id, after],
    )
    const last = page.rows.at(-1)
    if (last === undefined) return hash.digest()
    for (const { line } of page.rows) hash.update(`${line}\n`)
    after = last.ordinal
  }
}
