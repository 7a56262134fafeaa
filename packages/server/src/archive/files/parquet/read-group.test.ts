import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Column, Kind } from '../shape.ts'
import { readGroup } from './read-group.ts'
import { readThrift } from './thrift.ts'
import { compress } from './zstd.ts'

const column = (kind: Kind, isNullable = false): Column => ({ field: 'it', name: 'it', kind, isNullable })

interface Page {
  readonly rows: number
  readonly levels: readonly number[]
  readonly values: Buffer
  /** Of the header, where they are not what they should be. */
  readonly says: Partial<Record<'type' | 'plainBytes' | 'storedBytes' | 'rows' | 'encoding' | 'levelBytes', number>>
}

/** A group of one column. */
function group({ rows, levels = [], values, says = {} }: Partial<Page> & Pick<Page, 'rows' | 'values'>): Buffer {
  const stored = compress(values)
  const varint = (value: number): readonly number[] =>
    value < 0x80 ? [value] : [(value % 128) | 0x80, ...varint(Math.floor(value / 128))]
  const i32 = (value: number): readonly number[] => [0x15, ...varint(2 * value)]
  const header = [
    ...i32(says.type ?? 3),
    ...i32(says.plainBytes ?? values.length + levels.length),
    ...i32(says.storedBytes ?? stored.length + levels.length),
    0x5c,
    ...i32(says.rows ?? rows),
    ...i32(0),
    ...i32(says.rows ?? rows),
    ...i32(says.encoding ?? 0),
    ...i32(says.levelBytes ?? levels.length),
    ...i32(0),
    0,
    0,
  ]
  return Buffer.concat([Buffer.from(header), Buffer.from(levels), stored])
}

const read = (bytes: Buffer, rows: number, of: Column = column('int32')): unknown =>
  readGroup([of], bytes, { rows, maxBytes: 1024 * 1024 }).map(([cell]) => cell)

const ints = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, at) => bytes.writeInt32LE(value, 4 * at))
  return bytes
}

test('values come in the order of their rows, and nulls where the levels have them', () => {
  assert.deepEqual(read(group({ rows: 2, values: ints(7, -1) }), 2), [7, -1])
  const nullable = column('int32', true)
  // Eight packed bits, of which three count; then a run of two.
  assert.deepEqual(read(group({ rows: 3, levels: [0x03, 0b101], values: ints(7, 9) }), 3, nullable), [7, null, 9])
  assert.deepEqual(read(group({ rows: 2, levels: [0x04, 0], values: ints() }), 2, nullable), [null, null])
})

test('a page that says other things than it is, is refused', () => {
  const refused = (bytes: Buffer, rows: number, message: RegExp, of?: Column): void =>
    assert.throws(
      () => read(bytes, rows, of),
      (error) => error instanceof RangeError && message.test(error.message),
      String(message),
    )
  const form = /not of the form that Redrive writes/
  refused(group({ rows: 2, values: ints(7, 9), says: { rows: 3 } }), 2, form)
  refused(group({ rows: 2, values: ints(7, 9) }), 3, form)
  refused(group({ rows: 2, values: ints(7, 9), says: { type: 0 } }), 2, form)
  refused(group({ rows: 2, values: ints(7, 9), says: { encoding: 8 } }), 2, form)
  refused(group({ rows: 2, values: ints(7, 9), says: { storedBytes: 9_999 } }), 2, /shorter than it says/)
  refused(group({ rows: 2, values: ints(7, 9), says: { levelBytes: 9_999 } }), 2, /shorter than it says/)
  refused(group({ rows: 2, values: ints(7, 9), says: { plainBytes: 9 } }), 2, /another length than it says/)
  refused(group({ rows: 2, values: ints(7, 9), says: { plainBytes: 7 } }), 2, /cannot be decompressed/)
  refused(group({ rows: 2, values: ints(7, 9, 11) }), 2, /more values than rows/)
  refused(group({ rows: 2, values: ints(7) }), 2, /ends in the middle of a value/)
  refused(Buffer.concat([group({ rows: 1, values: ints(7) }), Buffer.alloc(1)]), 1, /longer than its columns/)
  refused(group({ rows: 1, values: ints(2 ** 31 - 1) }), 1, /ends in the middle of a value/, column('bytes'))
  refused(group({ rows: 1, values: ints(-1) }), 1, /ends in the middle of a value/, column('text'))
})

test('levels that are damaged are refused, and a run of billions costs nothing', () => {
  const nullable = column('int32', true)
  const damaged = (...levels: readonly number[]): void =>
    assert.throws(
      () => read(group({ rows: 2, levels, values: ints() }), 2, nullable),
      /levels are damaged/,
      String(levels),
    )
  damaged()
  damaged(0x00, 0x00)
  damaged(0x80, 0x80)
  damaged(0xff, 0xff, 0xff, 0xff, 0xff, 0x01)
  damaged(0x04)
  damaged(0x01)
  damaged(0x02, 0x00)
  assert.deepEqual(read(group({ rows: 2, levels: [0xfe, 0xff, 0xff, 0x7f, 0x00], values: ints() }), 2, nullable), [
    null,
    null,
  ])
})

test('a header ends in time, whatever it is made of', () => {
  const refused = (bytes: readonly number[], message: RegExp): void =>
    assert.throws(
      () => readThrift(Buffer.from(bytes), 0),
      (error) => error instanceof RangeError && message.test(error.message),
      String(message),
    )
  refused([], /ends in the middle/)
  refused([0x16, ...Array.from({ length: 200 }, () => 0x80)], /a number is too long/)
  refused([0x18, 0xff, 0xff, 0x03, 0], /a length leads beyond the end/)
  refused([0x19, 0xf5, 0xff, 0xff, 0x03, 0], /a length leads beyond the end/)
  refused(
    Array.from({ length: 200 }, () => 0x1c),
    /nested too deeply/,
  )
  refused(
    Array.from({ length: 200 }, () => 0x19),
    /nested too deeply/,
  )
  refused([0x1b, 0], /not known/)
})

test('a page that decompresses to far more than it may is not decompressed', () => {
  const bomb = Buffer.alloc(64 * 1024 * 1024)
  assert.throws(() => read(group({ rows: 1, values: bomb }), 1), /larger than any that Redrive writes/)
  const liar = group({ rows: 1, values: bomb, says: { plainBytes: 1_024 } })
  const before = process.memoryUsage().arrayBuffers
  assert.throws(() => read(liar, 1), /cannot be decompressed/)
  assert.ok(process.memoryUsage().arrayBuffers - before < 16 * 1024 * 1024)
})
