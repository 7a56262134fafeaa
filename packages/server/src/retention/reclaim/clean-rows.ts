import type { PoolClient } from 'pg'
import type { Store } from '../../store/store.ts'
import { type Debt, paid } from './debt.ts'
import { noHeaders } from './slim.ts'

const batchSize = 5_000

/** Takes out rows that no letter has any more, and makes slim those of archived letters. */
export async function cleanRows(store: Store, debt: Debt): Promise<void> {
  let after: string | null = debt.fromId
  let isFirst = true
  while (after !== null) {
    const from: string = after
    const operator = isFirst ? '>=' : '>'
    after = await store.transaction((client) => cleanBatch(client, { from, operator, toId: debt.toId }))
    isFirst = false
  }
  await store.transaction((client) => paid(client, debt.partition))
}

/** @returns the last id that was looked at; `null` when that was the last of all */
async function cleanBatch(
  client: PoolClient,
  { from, operator, toId }: { readonly from: string; readonly operator: '>' | '>='; readonly toId: string },
): Promise<string | null> {
  const { rows } = await client.query<{ id: string; is_gone: boolean; is_archived: boolean }>(
    `select c.id, l.id is null as is_gone, coalesce(l.state = 'archived', false) as is_archived
       from letter_content c left join letter l on l.id = c.id where c.id ${operator} $1 and c.id <= $2 order by c.id limit ${batchSize}`,
    [from, toId],
  )
  const gone = rows.filter(({ is_gone }) => is_gone).map(({ id }) => id)
  const archived = rows.filter(({ is_archived }) => is_archived).map(({ id }) => id)
  if (gone.length > 0) await client.query('delete from letter_content where id = any($1::uuid[])', [gone])
  if (archived.length > 0) {
    await client.query(
      `update letter_content set body = null, headers = ${noHeaders}, properties = null, stack = null
        where id = any($1::uuid[]) and (body is not null or headers <> ${noHeaders} or properties is not null or stack is not null)`,
      [archived],
    )
    await slimVersions(client, archived)
  }
  return rows.length < batchSize ? null : (rows.at(-1)?.id ?? null)
}

/** Of archived letters among these. */
export async function slimVersions(
  client: PoolClient,
  ids: readonly string[] | { readonly from: string; readonly to: string },
): Promise<void> {
  await client.query(`set local redrive.ends = 'on'`)
  const isAmong = 'from' in ids ? 'l.id >= $1 and l.id < $2' : 'l.id = any($1::uuid[])'
  await client.query(
    `update letter_version v set body = null, headers = ${noHeaders} from letter l
      where l.id = v.letter_id and l.state = 'archived' and l.version > 0 and (v.body is not null or v.headers <> ${noHeaders}) and ${isAmong}`,
    'from' in ids ? [ids.from, ids.to] : [ids],
  )
}
