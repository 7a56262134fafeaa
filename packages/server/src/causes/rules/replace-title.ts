import type { PoolClient } from 'pg'
import { storableJson, storableText } from '../../store/copy-binary.ts'
import { partOf } from './title.ts'

interface Renamed {
  readonly cause: string
  readonly from: string
  readonly to: string
}

/** Takes the title that a cause had out of what was written with it: titles of its parts, alerts, notices that may still be sent, reviews. */
export async function replaceTitle(client: PoolClient, renamed: Renamed): Promise<void> {
  const { cause, from, to } = renamed
  const { rows: alerts } = await client.query<{ id: string; title: string }>(
    'select id, title from alert where cause_id = $1 or position($2 in title) > 0',
    [cause, from],
  )
  for (const { id, title } of alerts)
    await client.query('update alert set title = $2 where id = $1', [id, storableText(withoutTitle(title, renamed))])
  for (const [table, column, key] of [
    ['notification', 'notice', 'id'],
    ['review', 'content', 'week'],
  ] as const) {
    const { rows } = await client.query<{ at: string; value: unknown }>(
      `select ${key} as at, ${column} as value from ${table} where position($1 in ${column}::text) > 0`,
      [JSON.stringify(from).slice(1, -1)],
    )
    for (const { at, value } of rows)
      await client.query(`update ${table} set ${column} = $2 where ${key} = $1`, [
        at,
        storableJson(within(value, renamed)),
      ])
  }
  const part = { from: partOf(from), to: partOf(to) }
  const { rows: parts } = await client.query<{ id: string }>(
    `with said as (update cause_rule set title = $3 where kind = 'split' and $1 = any(sources) and title = $2 returning target)
     update cause set title = $3 from said where cause.id = said.target and cause.title = $2 returning cause.id`,
    [cause, part.from, part.to],
  )
  for (const { id } of parts) await replaceTitle(client, { cause: id, ...part })
}

/** Shorter ones stand in too much that is about something else. */
const leastTitle = 4

function withoutTitle(text: string, { from, to }: Renamed): string {
  if (text === from || (from.length >= leastTitle && text.includes(from))) return text.replaceAll(from, () => to)
  // An alert has as much of it as there was room for.
  for (let length = Math.min(from.length, text.length) - 1; length > 0; length -= 1) {
    const cut = `${from.slice(0, length)}…`
    if (text.endsWith(cut)) return `${text.slice(0, text.length - cut.length)}${to}`
  }
  return text.endsWith(`, ${from}`) ? text.slice(0, text.length - from.length) + to : text
}

function within(value: unknown, renamed: Renamed): unknown {
  if (typeof value === 'string') return withoutTitle(value, renamed)
  if (Array.isArray(value)) return value.map((each) => within(each, renamed))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, within(each, renamed)]))
}
