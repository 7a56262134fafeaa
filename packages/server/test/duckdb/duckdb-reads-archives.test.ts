import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { openDuckdb, type Row } from '../../../../tools/duckdb/install.ts'
import { folderPlace } from '../../src/archive/files/folder-place.ts'
import { encodeLetters } from '../../src/archive/files/index.ts'
import { columnsOf, type Kind, letterShape, versionShape } from '../../src/archive/files/shape.ts'
import { archivedLetter, archivedLetters, archivedVersion } from '../../src/testing/archived-letters.ts'

const archive = '0b8f6f0e-3f0f-4a57-9c11-a1b2c3d4e5f6'
/** What DuckDB shows as a time; it takes the two ends of Dates for its infinities or refuses them. */
const shownUntil = Date.UTC(9999, 11, 31)

test('DuckDB sees each column of generated letters and versions as it was', async (t) => {
  const duckdb = await openDuckdb()
  const root = mkdtempSync(path.join(tmpdir(), 'redrive-duckdb-'))
  t.after(() => rmSync(root, { recursive: true }))
  let run = 0
  let seen = 0
  await fc.assert(
    fc.asyncProperty(archivedLetters({ minLength: 1, maxLength: 1_200 }), async (letters) => {
      const folder = path.join(root, String(run++))
      const { files } = encodeLetters(letters, { archive, madeAt: new Date(0), madeBy: 'a test' })
      for (const { name, bytes } of files) await folderPlace(folder).put(name, bytes)
      const read = (what: string, shape: Parameters<typeof columnsOf>[0]): Promise<readonly Row[]> =>
        duckdb.rows(`select ${columnsOf(shape).map(selected).join(', ')} from '${folder}/a_*.${what}.parquet'`)
      const found = await read('letters', letterShape)
      assert.equal(found.length, letters.length)
      for (const [at, letter] of letters.entries())
        compare(found[at] ?? {}, { ...letter, versions: letter.versions.length }, letterShape)
      const versions = letters.flatMap((letter) => letter.versions.map((each) => ({ letterId: letter.id, ...each })))
      if (versions.length > 0) {
        const rows = await read('versions', versionShape)
        assert.equal(rows.length, versions.length)
        for (const [at, version] of versions.entries()) compare(rows[at] ?? {}, version, versionShape)
      }
      seen += letters.length
    }),
    { numRuns: 8, endOnFailure: true },
  )
  assert.ok(seen > 1_000, `only ${seen}`)
})

test('what the docs say of DuckDB is so', async (t) => {
  const duckdb = await openDuckdb()
  const folder = mkdtempSync(path.join(tmpdir(), 'redrive-duckdb-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const versions = [archivedVersion(1, Buffer.from('{"order":"mended"}'))]
  const letters = Array.from({ length: 2_100 }, (_, n) => archivedLetter(n, n === 2_050 ? { versions } : {}))
  for (const { name, bytes } of encodeLetters(letters, { archive, madeAt: new Date(0), madeBy: 'a test' }).files)
    await folderPlace(folder).put(name, bytes)
  const types = await duckdb.rows(`describe select * from '${folder}/a_*.letters.parquet'`)
  const typeOf: Readonly<Record<Kind, string>> = {
    uuid: 'UUID', text: 'VARCHAR', list: 'VARCHAR', bytes: 'BLOB', int32: 'INTEGER', int64: 'BIGINT', time: 'TIMESTAMP WITH TIME ZONE',
  } // biome-ignore format: the columns read better in lines
  assert.deepEqual(
    types.map((row) => [row['column_name'], row['column_type']]),
    columnsOf(letterShape).map(({ name, kind }) => [name, typeOf[kind]]),
  )
  const queries = [...documented()].map((sql) => sql.replaceAll('/var/redrive/archive', folder))
  assert.ok(queries.length >= 4)
  const [byClass, one, header, mended] = await Promise.all(queries.map((sql) => duckdb.rows(sql)))
  assert.deepEqual(byClass, [{ queue: 'orders', error_class: 'InventoryError', letters: 2_100n }])
  assert.deepEqual(
    one?.map((row) => row['body']),
    ['{"order":1042}'],
  )
  assert.deepEqual(
    header?.map((row) => row['tried']),
    ['1042'],
  )
  assert.deepEqual(
    mended?.map(({ version, author, body }) => [version, author, body]),
    [[1, 'ann', '{"order":"mended"}']],
  )
})

/** The statements of the page, in its order. */
function documented(): Iterable<string> {
  const page = readFileSync(new URL('../../../../docs/archive-format.md', import.meta.url), 'utf8')
  return [...page.matchAll(/```sql\n([^`]*?);\n```/g)].map(([, sql]) => sql ?? '')
}

/** DuckDB has no text with NUL in its own JSON, and shows times in its own way: both are taken as what they are made of. */
function selected({ name, kind }: { readonly name: string; readonly kind: Kind }): string {
  if (kind === 'time') return `epoch_ms(${name}) as ${name}`
  if (kind === 'uuid') return `${name}::varchar as ${name}`
  return kind === 'text' || kind === 'list' ? `encode(${name}) as ${name}` : name
}

function compare(row: Row, wanted: object, shape: Parameters<typeof columnsOf>[0]): void {
  const values = wanted as Readonly<Record<string, unknown>>
  for (const { field, name, kind } of columnsOf(shape)) {
    const value = values[field]
    if (!(field in values)) continue // derived
    if (kind === 'time' && value !== null && Math.abs((value as Date).getTime()) > shownUntil) continue
    const text = kind === 'list' ? JSON.stringify(value) : value
    assert.deepEqual(
      plain(row[name]),
      plain(typeof text === 'string' && kind !== 'uuid' ? Buffer.from(text) : text),
      name,
    )
  }
}

function plain(value: unknown): unknown {
  if (value instanceof Date) return BigInt(value.getTime())
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (typeof value === 'object' && value !== null && 'bytes' in value) return plain(value.bytes)
  return value
}
