import type { PoolClient } from 'pg'
import { storableJson, storableText } from '../../store/copy-binary.ts'
import type { Move } from './move.ts'
import type { Founding } from './rule.ts'

/**
 * Causes that letters are moved to by a rule and that are not there yet. They begin as open, not as new: their letters are no news, somebody knows of
 * them. What capture puts into such a cause first makes it a new one, as any.
 */
export async function foundCauses(client: PoolClient, moves: readonly Move[]): Promise<void> {
  const first = new Map<string, { readonly to: Founding; readonly move: Move }>()
  for (const move of moves) if (move.to !== null && !first.has(move.to.id)) first.set(move.to.id, { to: move.to, move })
  const all = [...first.values()].toSorted((a, b) => (BigInt(a.to.id) < BigInt(b.to.id) ? -1 : 1))
  if (all.length === 0) return
  await client.query(
    `insert into cause (id, queue_id, consumer, tier, state, title, error_class, template, fingerprint_version, fingerprint_key, basis, parts, rule_id,
                        first_seen, last_seen, sample_letter, first_letter)
     select n.id, f.queue_id, f.consumer, f.tier, 'open', n.title, n.error_class, n.template, n.version, decode(n.key, 'hex'), n.basis, n.parts, n.rule_id,
            n.seen, n.seen, n.letter, f.first_letter
       from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::jsonb[], $9::uuid[], $10::timestamptz[],
                   $11::uuid[], $12::bigint[])
         as n (id, title, error_class, template, version, key, basis, parts, rule_id, seen, letter, from_id)
       join cause f on f.id = n.from_id
      order by n.id
     on conflict (id) do nothing`,
    [
      all.map(({ to }) => to.id),
      all.map(({ to }) => storableText(to.title)),
      all.map(({ to }) => to.errorClass),
      all.map(({ to }) => to.template),
      all.map(({ to }) => to.version),
      all.map(({ to }) => to.key),
      all.map(({ to }) => to.basis),
      all.map(({ to }) => storableJson(to.parts)),
      all.map(({ to }) => to.rule),
      all.map(({ move }) => new Date(move.letter.diedMs)),
      all.map(({ move }) => move.letter.id),
      all.map(({ move }) => move.letter.cause),
    ],
  )
}
