import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { parseCauseId } from '../../store/ids.ts'
import type { Founding } from './rule.ts'

/** A cause as merges and splits need it. */
export interface CauseLine {
  readonly id: string
  readonly queue_id: number
  readonly queue: string
  readonly consumer: string | null
  readonly tier: string
  readonly title: string
  readonly key: string
  readonly fingerprint_version: number
  readonly basis: string
  readonly parts: unknown
  readonly error_class: string | null
  readonly template: string | null
  readonly rule_id: string | null
}

/** @throws NOT_FOUND */
export async function causeLine(client: PoolClient, shown: string): Promise<CauseLine> {
  const { rows } = await client.query<CauseLine>(
    `select c.id, c.queue_id, q.name as queue, c.consumer, c.tier::text, c.title, encode(c.fingerprint_key, 'hex') as key, c.fingerprint_version, c.basis,
            c.parts, c.error_class, c.template, c.rule_id
       from cause c join queue q on q.id = c.queue_id where c.id = $1`,
    [parseCauseId(shown).toString()],
  )
  if (rows[0] !== undefined) return rows[0]
  throw new RedriveError('NOT_FOUND', `there is no cause ${shown}`, {
    hint: 'List the causes to find the one you mean.',
  })
}

export function foundingAs(row: CauseLine): Founding {
  const { id, key, fingerprint_version: version, basis, parts, title, error_class: errorClass, template } = row
  return { id, key, version, basis, parts, title, errorClass, template, rule: row.rule_id }
}
