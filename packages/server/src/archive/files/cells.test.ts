import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Cell, fromCell } from './cells.ts'
import type { Kind } from './shape.ts'

test('cells that were never written are refused, each by the name of its column', () => {
  const refused = (kind: Kind, cell: Cell, message: RegExp): void =>
    assert.throws(
      () => fromCell({ field: 'it', name: 'it', kind, isNullable: false }, cell),
      (error) => error instanceof RangeError && message.test(error.message),
    )
  refused('text', Buffer.from([0xff]), /^it is no UTF-8$/)
  refused('text', Buffer.from([0xed, 0xa0, 0x80]), /^it is no UTF-8$/)
  refused('list', Buffer.from('{}'), /^it is no list of text$/)
  refused('list', Buffer.from('[1]'), /^it is no list of text$/)
  refused('list', Buffer.from('['), /^it is no JSON$/)
  refused('time', 8_640_000_000_000_001n, /^it is no time$/)
  refused('bytes', null, /^it is missing$/)
})
