import { createHash } from 'node:crypto'
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer'
import { type Cell, cellBytes } from '../cells.ts'
import { maxGroupRows } from '../limits.ts'
import type { Column } from '../shape.ts'
import { compress } from './zstd.ts'

export interface WrittenGroup {
  readonly rows: number
  /** Where its bytes begin in the file. */
  readonly offset: number
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
}

export interface WrittenTable {
  readonly bytes: Buffer
  readonly rows: number
  readonly groups: readonly WrittenGroup[]
}

/** Of what stands in the rows; one that is larger alone has a group of its own. */
const maxGroupBytes = 8 * 1024 * 1024

/**
 * A Parquet file in its plainest form: a page for each column of a group, PLAIN values, ZSTD. Without dictionaries, since their hash tables can
 * be attacked by whoever chooses the values, and without statistics: they are copies of values in the clear, which erasure would have to find.
 */
export function writeTable(
  columns: readonly Column[],
  rows: Iterable<readonly Cell[]>,
  createdBy: string,
): WrittenTable {
  const writer = new ByteWriter(1024 * 1024)
  const parquet = new ParquetWriter({
    writer,
    schema: schemaOf(columns),
    codec: 'ZSTD',
    compressors: { ZSTD: compress },
    statistics: false,
    createdBy,
  })
  const parts: Buffer[] = []
  const groups: WrittenGroup[] = []
  let offset = 0
  const take = (): { bytes: Buffer; offset: number; sha256: string } => {
    const bytes = Buffer.from(writer.getBytes())
    writer.index = 0
    const part = { bytes, offset, sha256: createHash('sha256').update(bytes).digest('hex') }
    parts.push(bytes)
    offset += bytes.length
    return part
  }
  take()
  for (const group of groupsOf(rows)) {
    // At once: the writer has no flush to wait for.
    void parquet.write({
      columnData: columns.map(({ name }, at) => ({
        name,
        data: group.map((row) => row[at]),
        encoding: 'PLAIN',
        offsetIndex: false,
      })),
      rowGroupSize: group.length,
      pageSize: 0,
    })
    const { bytes, ...where } = take()
    groups.push({ rows: group.length, bytes: bytes.length, ...where })
  }
  void parquet.finish()
  take()
  return {
    bytes: Buffer.concat(parts),
    rows: groups.reduce((sum, group) => sum + group.rows, 0),
    groups,
  }
}

function* groupsOf(rows: Iterable<readonly Cell[]>): Iterable<readonly (readonly Cell[])[]> {
  let group: (readonly Cell[])[] = []
  let bytes = 0
  for (const row of rows) {
    const rowBytes = row.reduce((sum: number, cell) => sum + cellBytes(cell), 0)
    if (group.length > 0 && (group.length === maxGroupRows || bytes + rowBytes > maxGroupBytes)) {
      yield group
      group = []
      bytes = 0
    }
    group.push(row)
    bytes += rowBytes
  }
  if (group.length > 0) yield group
}

export function schemaOf(columns: readonly Column[]): SchemaElement[] {
  return [{ name: 'root', num_children: columns.length }, ...columns.map(elementOf)]
}

function elementOf({ name, kind, isNullable }: Column): SchemaElement {
  const repetition_type = isNullable ? 'OPTIONAL' : 'REQUIRED'
  switch (kind) {
    case 'uuid':
      return { name, type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' }, repetition_type }
    case 'text':
    case 'list':
      return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' }, repetition_type }
    case 'bytes':
      return { name, type: 'BYTE_ARRAY', repetition_type }
    case 'int32':
      return { name, type: 'INT32', repetition_type }
    case 'int64':
      return { name, type: 'INT64', repetition_type }
    case 'time':
      return {
        name,
        type: 'INT64',
        converted_type: 'TIMESTAMP_MILLIS',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
        repetition_type,
      }
  }
}
