import type { Header, Message } from '../src/message.ts'
import type { RawLetter } from '../src/readers/reader.ts'

/** A letter with these headers and nothing else of note. Text becomes UTF-8, a number a four-byte and a bigint an eight-byte integer. */
export function kafkaLetter(
  headers: readonly (readonly [string, string | number | bigint | Uint8Array | null])[],
  options: { readonly place?: string; readonly timestampMs?: number; readonly system?: string } = {},
): RawLetter {
  const message: Message = {
    key: null,
    body: Buffer.from('{}'),
    headers: headers.map(([name, value]) => header(name, value)),
  }
  return {
    system: options.system ?? 'kafka',
    place: options.place ?? 'orders-dlt',
    partition: '0',
    position: 7n,
    message: options.timestampMs === undefined ? message : { ...message, timestampMs: options.timestampMs },
  }
}

function header(name: string, value: string | number | bigint | Uint8Array | null): Header {
  if (value === null || value instanceof Uint8Array) return { name, value }
  if (typeof value === 'string') return { name, value: Buffer.from(value) }
  const bytes = Buffer.alloc(typeof value === 'number' ? 4 : 8)
  if (typeof value === 'number') bytes.writeInt32BE(value)
  else bytes.writeBigInt64BE(value)
  return { name, value: bytes }
}
