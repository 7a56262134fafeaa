import type { Cell } from '../cells.ts'
import type { Column } from '../shape.ts'
import { numberOf, readThrift, structOf } from './thrift.ts'
import { decompress } from './zstd.ts'

const dataPageV2 = 3
const plain = 0

const maxHeaderBytes = 256

/**
 * The rows of a group, from its bytes: for each column a page of PLAIN values, ZSTD, one behind the other, and nothing else, which is what
 * `write-table.ts` writes. The footer of the file is for other readers.
 * @param maxBytes of all pages together when they are decompressed
 * @throws RangeError for anything else
 */
export function readGroup(
  columns: readonly Column[],
  bytes: Buffer,
  { rows, maxBytes }: { readonly rows: number; readonly maxBytes: number },
): readonly (readonly Cell[])[] {
  const group = Array.from({ length: rows }, (): Cell[] => [])
  let at = 0
  let plainBytes = 0
  for (const column of columns) {
    const page = pageAt(column, bytes.subarray(at), rows)
    plainBytes += page.plainBytes
    if (plainBytes > maxBytes) throw new RangeError('a group is larger than any that Redrive writes')
    readValues(column, page, group)
    at += page.length
  }
  if (at !== bytes.length) throw new RangeError('a group is longer than its columns')
  return group
}

interface Page {
  readonly length: number
  readonly levels: Buffer
  readonly values: Buffer
  readonly plainBytes: number
}

function pageAt({ name }: Column, bytes: Buffer, rows: number): Page {
  const { struct: header, end } = readThrift(bytes.subarray(0, maxHeaderBytes), 0)
  const page = structOf(header, 8)
  const plainBytes = numberOf(header, 2)
  const storedBytes = numberOf(header, 3)
  const levelBytes = numberOf(page, 5)
  const isOurs =
    numberOf(header, 1) === dataPageV2 &&
    numberOf(page, 1) === rows &&
    numberOf(page, 3) === rows &&
    numberOf(page, 4) === plain &&
    numberOf(page, 6) === 0
  if (!isOurs) throw new RangeError(`a page of ${name} is not of the form that Redrive writes`)
  if (storedBytes > bytes.length - end || levelBytes > Math.min(plainBytes, storedBytes))
    throw new RangeError(`a page of ${name} is shorter than it says`)
  return {
    length: end + storedBytes,
    levels: bytes.subarray(end, end + levelBytes),
    values: bytes.subarray(end + levelBytes, end + storedBytes),
    plainBytes,
  }
}

/** Adds a cell to each row. */
function readValues(column: Column, page: Page, group: readonly Cell[][]): void {
  const isThere = column.isNullable ? readLevels(page.levels, group.length) : null
  const values = decompress(page.values, page.plainBytes - page.levels.length)
  const { next, end } = valuesOf(column, values)
  group.forEach((row, at) => row.push(isThere?.[at] === 0 ? null : next()))
  end()
}

/**
 * 1 for each row that has a value.
 * @see https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE
 */
function readLevels(bytes: Buffer, rows: number): Uint8Array {
  const levels = new Uint8Array(rows)
  let at = 0
  for (let row = 0; row < rows; ) {
    let head = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined || shift > 21) throw new RangeError('its levels are damaged')
      head |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    const isPacked = (head & 1) === 1
    const count = Math.min(isPacked ? (head >> 1) * 8 : head >> 1, rows - row)
    const length = isPacked ? head >> 1 : 1
    if (count === 0 || at + Math.min(length, Math.ceil(count / 8)) > bytes.length)
      throw new RangeError('its levels are damaged')
    for (let each = 0; each < count; each++) {
      const byte = bytes[at + (isPacked ? each >> 3 : 0)] ?? 0
      levels[row + each] = isPacked ? (byte >> (each & 7)) & 1 : byte & 1
    }
    at += length
    row += count
  }
  return levels
}

function valuesOf({ name, kind }: Column, bytes: Buffer): { next(): Cell; end(): void } {
  let at = 0
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw new RangeError(`${name} ends in the middle of a value`)
    at += length
    return bytes.subarray(at - length, at)
  }
  const next = (): Cell => {
    switch (kind) {
      case 'uuid':
        return take(16)
      case 'int32':
        return take(4).readInt32LE()
      case 'int64':
      case 'time':
        return take(8).readBigInt64LE()
      default:
        return take(take(4).readUInt32LE())
    }
  }
  return {
    next,
    end() {
      if (at !== bytes.length) throw new RangeError(`${name} has more values than rows`)
    },
  }
}
