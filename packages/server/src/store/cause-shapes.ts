import type { Shape } from '@redrive/worker/fingerprint'
import type pg from 'pg'
import { storableJson } from './copy-binary.ts'

export interface StoredShape {
  readonly id: number
  /** Key of the fingerprint that showed it, and of the one that founded its cause; hexadecimal. */
  readonly key: string
  readonly cause: string
  readonly shape: Shape
}

export interface NewShape {
  /** Hexadecimal. */
  readonly scope: string
  readonly version: number
  readonly key: string
  readonly causeId: bigint
  readonly shape: Shape
}

/** The latest shapes of a scope from `afterId` on, oldest first, at most 5,000. */
export async function loadShapes(pool: pg.Pool, scope: string, afterId: number): Promise<readonly StoredShape[]> {
  const { rows } = await pool.query<{ id: string; key: string; cause: string; shape: Shape }>({
    name: 'load-shapes',
    text: `
      select s.id, encode(s.fingerprint_key, 'hex') as key, encode(c.fingerprint_key, 'hex') as cause, s.shape
        from (select * from cause_shape where scope = decode($1, 'hex') and id > $2 order by id desc limit 5000) s
        join cause c on c.id = s.cause_id
       order by s.id`,
    values: [scope, afterId],
  })
  return rows.map((row) => ({ ...row, id: Number(row.id) }))
}

export async function insertShapes(client: pg.PoolClient, shapes: readonly NewShape[]): Promise<void> {
  if (shapes.length === 0) return
  await client.query({
    name: 'insert-shapes',
    text: `
      insert into cause_shape (scope, fingerprint_version, fingerprint_key, cause_id, shape)
      select decode(scope, 'hex'), version, decode(key, 'hex'), cause_id, shape
        from unnest($1::text[], $2::int[], $3::text[], $4::bigint[], $5::jsonb[]) as s (scope, version, key, cause_id, shape)
       order by 1, 2, 3
      on conflict (scope, fingerprint_version, fingerprint_key) do nothing`,
    values: [
      shapes.map(({ scope }) => scope),
      shapes.map(({ version }) => version),
      shapes.map(({ key }) => key),
      shapes.map(({ causeId }) => causeId.toString()),
      shapes.map(({ shape }) => storableJson(shape)),
    ],
  })
}
