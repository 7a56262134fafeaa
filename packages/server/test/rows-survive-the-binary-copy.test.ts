import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CopyRows, sendRows } from '../src/store/copy-binary.ts'
import { openedStore } from '../src/testing/opened-store.ts'

const columns = ['u', 'i', 'b', 't', 'y', 'z', 'j', 'ta', 'ia', 'e'] as const
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom('\0', '\ud800', 'a\0b', '\u{1f600}'),
)
const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '\ufffd')

const row = fc.record({
  u: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  i: fc.integer(),
  b: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  t: fc.option(anyText),
  y: fc.option(fc.uint8Array({ maxLength: 5_000 })),
  z: fc.integer({ min: 0, max: Date.UTC(9998, 0, 1) }),
  j: fc.dictionary(anyText, anyText, { maxKeys: 4 }),
  ta: fc.array(anyText, { maxLength: 5 }),
  ia: fc.array(fc.integer(), { maxLength: 5 }),
  e: fc.constantFrom('transient', 'unknown'),
})

test('every value arrives as it was sent, text and JSON without what PostgreSQL cannot hold', async (context) => {
  const store = await openedStore(context)
  await store.pool.query(
    'create table copied (n int generated always as identity, u uuid, i int, b bigint, t text, y bytea, z timestamptz, j jsonb, ta text[], ia int[], e tier)',
  )
  const rows = new CopyRows()
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (given) => {
      rows.reset()
      for (const { u, i, b, t, y, z, j, ta, ia, e } of given) {
        rows.row(columns.length)
        rows.uuid(u)
        rows.int4(i)
        rows.int8(b)
        rows.text(t)
        rows.bytes(y)
        rows.timestamptz(z)
        rows.jsonb(j)
        rows.textArray(ta)
        rows.int4Array(ia)
        rows.text(e)
      }
      await store.transaction(async (client) => {
        await client.query('truncate copied')
        await rows.send(client, 'copied', columns)
      })
      const { rows: found } = await store.pool.query<Record<string, unknown>>(
        `select *, replace(u::text, '-', '') as u from copied order by n`,
      )
      assert.equal(found.length, given.length)
      for (const [n, { u, i, b, t, y, z, j, ta, ia, e }] of given.entries()) {
        const { n: _, ...is } = found[n] ?? {}
        const json = Object.fromEntries(Object.entries(j).map(([name, value]) => [storable(name), storable(value)]))
        assert.deepEqual(is, {
          u: Buffer.from(u).toString('hex'),
          i,
          b: b.toString(),
          t: t === null ? null : storable(t),
          y: y === null ? null : Buffer.from(y),
          z: new Date(z),
          j: json,
          ta: ta.map(storable),
          ia,
          e,
        })
      }
    }),
    { numRuns: 150 },
  )
})

test('what a column cannot hold is null, and a row the server refuses leaves the connection usable', async (context) => {
  const store = await openedStore(context)
  await store.pool.query('create table small (i int, b bigint, z timestamptz, u uuid, t text check (t <> $$no$$))')
  const rows = new CopyRows()
  const add = (text: string): void => {
    rows.row(5)
    rows.int4(2 ** 31)
    rows.int8(2n ** 63n)
    rows.timestamptz(Number.NaN)
    rows.uuid(Buffer.alloc(3))
    rows.text(text)
  }
  add('yes')
  await store.transaction((client) => rows.send(client, 'small', ['i', 'b', 'z', 'u', 't']))
  assert.deepEqual((await store.pool.query('select * from small')).rows, [
    { i: null, b: null, z: null, u: null, t: 'yes' },
  ])
  add('no')
  for (let n = 0; n < 100_000; n++) add('after the refused row')
  await store.transaction(async (client) => {
    await client.query('savepoint before')
    await assert.rejects(rows.send(client, 'small', ['i', 'b', 'z', 'u', 't']), { code: '23514' })
    await client.query('rollback to before')
    assert.equal((await client.query('select * from small')).rowCount, 1)
  })
})

test('rows of two tables go in one round trip, and when the first is refused nothing of the second is written', async (context) => {
  const store = await openedStore(context)
  await store.pool.query('create table narrow (t text check (t <> $$no$$)); create table wide (t text)')
  const narrow = new CopyRows()
  const wide = new CopyRows()
  const tables = [
    { rows: narrow, table: 'narrow', columns: ['t'] },
    { rows: wide, table: 'wide', columns: ['t'] },
  ]
  const add = (rows: CopyRows, text: string): void => {
    rows.row(1)
    rows.text(text)
  }
  const counts = async (): Promise<unknown> =>
    (
      await store.pool.query(
        'select (select count(*)::int from narrow) as narrow, (select count(*)::int from wide) as wide',
      )
    ).rows[0]
  add(narrow, 'yes')
  for (let n = 0; n < 100_000; n++) add(wide, 'more than a socket holds')
  await store.transaction((client) => sendRows(client, tables))
  assert.deepEqual(await counts(), { narrow: 1, wide: 100_000 })
  add(narrow, 'no')
  await store.transaction(async (client) => {
    await client.query('savepoint before')
    await assert.rejects(sendRows(client, tables), { code: '23514' })
    await client.query('rollback to before')
    assert.equal((await client.query('select * from wide')).rowCount, 100_000)
  })
  assert.deepEqual(await counts(), { narrow: 1, wide: 100_000 })
  narrow.reset()
  add(narrow, 'yes again')
  await store.transaction((client) => sendRows(client, tables))
  assert.deepEqual(await counts(), { narrow: 2, wide: 200_000 })
})
