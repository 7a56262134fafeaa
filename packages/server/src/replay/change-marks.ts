import type { PoolClient } from 'pg'
import { storable } from './storable.ts'

/** What became known of a letter whose send was uncertain. */
export interface Known {
  readonly mark: 's' | 'n'
  readonly reason?: string
  /** Where it is. */
  readonly at?: { readonly partition: string; readonly position: bigint } | null
}

/**
 * Corrects the marks of uncertain letters in their intent, which the caller has locked. Those that something else settled meanwhile stay.
 * @param known by ordinal
 * @returns the ordinals that were changed, by their new mark
 */
export async function changeMarks(
  client: PoolClient,
  intent: { readonly runId: string; readonly fromOrdinal: number },
  known: ReadonlyMap<number, Known>,
): Promise<{ readonly sent: readonly number[]; readonly notSent: readonly number[] }> {
  const { runId, fromOrdinal } = intent
  const { rows } = await client.query<{
    results: Buffer
    partitions: (string | null)[] | null
    positions: (string | null)[] | null
  }>('select results, partitions, positions from intent where run_id = $1 and from_ordinal = $2', [runId, fromOrdinal])
  const row = rows[0]
  if (!row?.results) return { sent: [], notSent: [] }
  const { results } = row
  const changed = [...known].filter(([ordinal]) => results[ordinal - fromOrdinal] === uncertainByte)
  if (changed.length === 0) return { sent: [], notSent: [] }
  const isLocated = row.partitions !== null || changed.some(([, { at }]) => at)
  const partitions = row.partitions ?? new Array<string | null>(results.length).fill(null)
  const positions = row.positions ?? new Array<string | null>(results.length).fill(null)
  for (const [ordinal, { mark, at }] of changed) {
    results[ordinal - fromOrdinal] = mark.charCodeAt(0)
    if (!at) continue
    partitions[ordinal - fromOrdinal] = at.partition
    positions[ordinal - fromOrdinal] = String(at.position)
  }
  const marked = (wanted: Known['mark']): readonly number[] =>
    changed.flatMap(([ordinal, { mark }]) => (mark === wanted ? [ordinal] : []))
  const [sent, notSent] = [marked('s'), marked('n')]
  const reasons = changed.flatMap(([ordinal, { reason }]) =>
    reason === undefined ? [] : [[ordinal, storable(reason)]],
  )
  await client.query(
    `update intent set results = $3, sent = sent + $4, not_sent = not_sent + $5, uncertain = uncertain - $4 - $5,
       partitions = $6, positions = $7, reasons = reasons || $8::jsonb
     where run_id = $1 and from_ordinal = $2`,
    [
      runId,
      fromOrdinal,
      results,
      sent.length,
      notSent.length,
      isLocated ? partitions : null,
      isLocated ? positions : null,
      Object.fromEntries(reasons),
    ],
  )
  return { sent, notSent }
}

export const uncertainByte: number = 'u'.charCodeAt(0)
