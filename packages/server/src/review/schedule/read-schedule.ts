import type { Pool, PoolClient } from 'pg'
import { defaultReview, logNotifier, type ReviewConfig, reviewFields } from '../../config/index.ts'

/** What counts for one field, and where it comes from. */
export interface SaidOfSchedule<Value> {
  readonly value: Value
  readonly origin: 'file' | 'api' | 'default'
  /** The file and its line, or who set it; `null`: nobody. */
  readonly by: string | null
  /** RFC 3339 */
  readonly at: string | null
}

export type Schedule = { readonly [Field in keyof ReviewConfig]: SaidOfSchedule<ReviewConfig[Field]> }

interface Row {
  readonly field: keyof ReviewConfig
  readonly origin: 'file' | 'api'
  readonly value: never
  readonly said_by: string
  readonly said_at: Date
}

/** The file's word where it speaks, else what was set by API, else the default. */
export async function readSchedule(client: Pool | PoolClient): Promise<Schedule> {
  const { rows } = await client.query<Row>(
    `select distinct on (field) field, origin, value, said_by, said_at from review_schedule order by field, origin = 'file' desc`,
  )
  const said = new Map(rows.map((row) => [row.field, row]))
  return Object.fromEntries(
    reviewFields.map((field) => {
      const row = said.get(field)
      return [
        field,
        row === undefined
          ? { value: defaultReview[field], origin: 'default', by: null, at: null }
          : { value: row.value, origin: row.origin, by: row.said_by, at: row.said_at.toISOString() },
      ]
    }),
  ) as unknown as Schedule
}

/**
 * As the office acts on it. A notifier that was named once and is gone now is the log: what is due is not lost without a word.
 * @param able names of notifiers that can take a review
 */
export async function scheduleOf(
  client: Pool | PoolClient,
  { able }: { readonly able: readonly string[] },
): Promise<ReviewConfig> {
  const { zone, at, notify } = await readSchedule(client)
  const names = notify.value.map((name) => (able.includes(name) ? name : logNotifier))
  return { zone: zone.value, at: at.value, notify: [...new Set(names)] }
}
