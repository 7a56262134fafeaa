import { isUtf8 } from 'node:buffer'
import type { Header } from '../../message.ts'
import { fromJson, toJson } from './table-json.ts'

const encoder = new TextEncoder()

/**
 * AMQP header table → headers. A string becomes its UTF-8 bytes and void becomes `null`. Byte arrays stay bytes unless they
 * could be taken for a string on the way back; these and every other type travel as `type: 'json'`, see `table-json.ts`.
 */
export function headersFromTable(table: Readonly<Record<string, unknown>>): readonly Header[] {
  return Object.entries(table).map(([name, value]) => {
    if (typeof value === 'string') return { name, value: encoder.encode(value) }
    if (value === null || value === undefined) return { name, value: null }
    if (value instanceof Uint8Array && !isUtf8(value)) return { name, value: new Uint8Array(value) }
    return { name, value: encoder.encode(JSON.stringify(toJson(value))), type: 'json' }
  })
}

/**
 * Headers → AMQP header table. Text becomes a string, other bytes a byte array.
 * @throws RangeError when a name is there twice: a table holds it once
 */
export function tableFromHeaders(headers: readonly Header[]): object {
  const table = Object.create(null) as Record<string, unknown>
  for (const header of headers) {
    if (header.name in table) throw new RangeError('a header name is there twice; an AMQP table holds it once')
    table[header.name] = fieldOf(header)
  }
  return table
}

function fieldOf({ value, type }: Header): unknown {
  if (value === null) return null
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (!isUtf8(bytes)) return bytes
  const text = bytes.toString('utf8')
  if (type !== 'json') return text
  try {
    return fromJson(JSON.parse(text))
  } catch {
    return text
  }
}
