import type { PoolClient } from 'pg'
import { monthOf } from '../../store/partitions.ts'

/** Bytes of letters that were ended, and that still lie in letter_content. */
export interface Debt {
  /** Of the month's table. */
  readonly partition: string
  readonly letters: number
  readonly fromId: string
  readonly toId: string
  /** Else they are in the default one. */
  readonly isThere: boolean
}

export interface Month {
  /** Of its table. */
  readonly name: string
  /** Ids: `to` is the first that is not of it. */
  readonly from: string
  readonly to: string
  readonly endMs: number
}

export function monthNamed(partition: string): Month {
  const [, year = '1970', month = '01'] = /^letter_content_(\d{4})_(\d\d)$/.exec(partition) ?? []
  const startMs = Date.UTC(Number(year), Number(month) - 1, 1)
  return { ...monthOf(startMs, 0), endMs: Date.UTC(Number(year), Number(month), 1) }
}

export async function paid(client: PoolClient, partition: string): Promise<void> {
  await client.query('delete from content_debt where partition = $1', [partition])
}
