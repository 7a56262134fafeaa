import type { Header } from '@redrive/worker'
import { ByteWriter } from './byte-writer.ts'

/**
 * The ordered header list as it is kept: nothing is lost, neither order, duplicates, null against empty, nor the carrier's type.
 *
 * `1` (version), then for each header: a byte of flags (1 value is null, 2 value is JSON of the carrier, 4 name is UTF-16 because it is
 * no valid Unicode), the name's length and bytes, and unless null the value's length and bytes. Lengths are LEB128.
 */
const version = 1
const isNull = 1
const isJson = 2
const isUtf16 = 4

export function writeHeaders(writer: ByteWriter, headers: readonly Header[]): void {
  writer.byte(version)
  for (const { name, value, type } of headers) {
    const wellFormed = name.isWellFormed()
    writer.byte((value === null ? isNull : 0) | (type === 'json' ? isJson : 0) | (wellFormed ? 0 : isUtf16))
    writer.varint(wellFormed ? Buffer.byteLength(name, 'utf8') : name.length * 2)
    if (wellFormed) writer.utf8(name)
    else writer.utf16(name)
    if (value === null) continue
    writer.varint(value.length)
    writer.raw(value)
  }
}

export function encodeHeaders(headers: readonly Header[]): Buffer {
  const writer = new ByteWriter()
  writeHeaders(writer, headers)
  return Buffer.from(writer.bytes)
}

/** The values are views of `bytes`. @throws RangeError when `bytes` is not what `encodeHeaders` wrote */
export function decodeHeaders(bytes: Uint8Array): Header[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const headers: Header[] = []
  let at = 1
  const varint = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = buffer.readUInt8(at++)
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }
  /** Where what comes next ends. */
  const end = (): number => {
    const length = varint()
    if (at + length > buffer.length) throw new RangeError('a header list ends in the middle of a header')
    return at + length
  }
  if (buffer[0] !== version) throw new RangeError(`header list version ${buffer[0] ?? 'missing'} is not known`)
  while (at < buffer.length) {
    const flags = buffer.readUInt8(at++)
    const nameEnd = end()
    const name = buffer.toString((flags & isUtf16) === 0 ? 'utf8' : 'utf16le', at, nameEnd)
    at = nameEnd
    let value: Buffer | null = null
    if ((flags & isNull) === 0) {
      const valueEnd = end()
      value = buffer.subarray(at, valueEnd)
      at = valueEnd
    }
    headers.push((flags & isJson) === 0 ? { name, value } : { name, value, type: 'json' })
  }
  return headers
}
