import { contentStorage } from '../../store/partitions.ts'
import type { Store } from '../../store/store.ts'
import { slimVersions } from './clean-rows.ts'
import { type Month, paid } from './debt.ts'
import { unlessBusy, waitForTable } from './drop-partition.ts'
import { noHeaders, slimColumns } from './slim.ts'

/**
 * Writes a month's table anew: letters that are whole as they are, those in archives slim, and no others. Until it is done everybody reads the old
 * one; nobody writes there but who restores an archive, and waits.
 * @returns bytes of the new table; false when it could not be done now
 */
export function rewritePartition(store: Store, { name, from, to }: Month): Promise<number | false> {
  const fresh = `${name}_anew`
  return unlessBusy(() =>
    store.transaction(async (client) => {
      await client.query('set local statement_timeout to 0')
      await client.query(waitForTable)
      await client.query(`lock table ${name} in share mode`)
      await client.query(
        `create table ${fresh} (like letter_content including defaults including storage, check (id >= '${from}' and id < '${to}')) with (${contentStorage})`,
      )
      const { rows: columns } = await client.query<{ name: string }>(
        `select attname as name from pg_attribute where attrelid = 'letter_content'::regclass and attnum > 0 and not attisdropped order by attnum`,
      )
      const names = columns.map((column) => column.name)
      await client.query(
        `insert into ${fresh} (${names.join(', ')})
         select ${names.map(kept).join(', ')} from ${name} c join letter l on l.id = c.id where l.id >= $1 and l.id < $2 order by l.id`,
        [from, to],
      )
      await client.query(`alter table ${fresh} add primary key (id)`)
      await client.query(`create index on ${fresh} using gin (terms)`)
      await client.query(`create index on ${fresh} (wire_id) where wire_id is not null`)
      await client.query(`alter table letter_content detach partition ${name}`)
      await client.query(
        `alter table letter_content attach partition ${fresh} for values from ('${from}') to ('${to}')`,
      )
      await client.query(`drop table ${name}`)
      await client.query(`alter table ${fresh} rename to ${name}`)
      await client.query(`alter table ${name} drop constraint ${fresh}_id_check`)
      await slimVersions(client, { from, to })
      await paid(client, name)
      const { rows } = await client.query<{ bytes: number }>('select pg_total_relation_size($1)::float8 as bytes', [
        `redrive.${name}`,
      ])
      return rows[0]?.bytes ?? 0
    }),
  )
}

function kept(column: string): string {
  if (!slimColumns.some((each) => each === column)) return `c.${column}`
  return `case when l.state = 'archived' then ${column === 'headers' ? noHeaders : 'null'} else c.${column} end`
}
