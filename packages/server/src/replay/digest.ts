import { createHash } from 'node:crypto'
import type { PoolClient } from 'pg'

/**
 * SHA-256 over everything a plan fixes: letters with revision, version and body hash, destinations, cut-off, pace and limits. Whoever agrees to a
 * plan agrees to its digest; a plan whose rows no longer give it is refused. The server hashes its rows by the page, so that they need
 * not come here.
 */
export async function digestOfPlan(client: PoolClient, id: string): Promise<Buffer> {
  const hash = createHash('sha256')
  const { rows } = await client.query(
    `select cutoff, destination, to_broker, to_place, selection, pace, canary, verdict_seconds, ramp_from, ramp_seconds, halt_rules, max_hops, beyond_cap, skip_superseded, with_held,
       (select jsonb_agg(jsonb_build_array(number, broker, place, redirect) order by number) from plan_place where plan_id = $1) as places
     from plan where id = $1`,
    [id],
  )
  hash.update(JSON.stringify(rows[0] ?? null))
  for (let from = 0; ; from += pageSize) {
    const page = await client.query<{ digest: Buffer | null }>(
      `select sha256(string_agg(int4send(ordinal) || uuid_send(letter_id) || int4send(revision) || int4send(version)
                                || int4send(octet_length(body_sha256)) || body_sha256 || int4send(place) || int4send(bytes), ''::bytea order by ordinal)) as digest
       from plan_letter where plan_id = $1 and ordinal >= $2 and ordinal < $3`,
      [id, from, from + pageSize],
    )
    const digest = page.rows[0]?.digest
    if (!digest) return hash.digest()
    hash.update(digest)
  }
}

const pageSize = 10_000
