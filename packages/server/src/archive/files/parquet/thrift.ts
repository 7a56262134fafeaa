/**
 * Thrift's compact protocol, as much of it as the headers of Parquet's pages need. A parser of our own, since files of the archive may have
 * been written by anybody: it ends in time and memory that are bounded by the bytes it is given, whatever they say.
 * @see https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */
export type ThriftValue = boolean | number | bigint | Buffer | readonly ThriftValue[] | ThriftStruct
/** By the numbers of the fields. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>

const maxDepth = 12

/** @returns the struct and where it ends @throws RangeError for anything else */
export function readThrift(bytes: Buffer, from: number): { readonly struct: ThriftStruct; readonly end: number } {
  let at = from

  const byte = (): number => {
    const value = bytes[at++]
    if (value === undefined) throw new RangeError('it ends in the middle')
    return value
  }
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const next = byte()
      value |= BigInt(next & 0x7f) << shift
      if (next < 0x80) return BigInt.asUintN(64, value)
    }
    throw new RangeError('a number is too long')
  }
  const zigzag = (): bigint => {
    const value = varint()
    return (value >> 1n) ^ -(value & 1n)
  }
  const size = (): number => {
    const value = varint()
    if (value > BigInt(bytes.length - at)) throw new RangeError('a length leads beyond the end')
    return Number(value)
  }
  const list = (depth: number): readonly ThriftValue[] => {
    const head = byte()
    // Each element is at least a byte.
    const count = head >> 4 === 15 ? size() : head >> 4
    const type = head & 15
    return Array.from({ length: count }, () => (type === 1 || type === 2 ? byte() === 1 : value(type, depth + 1)))
  }
  const value = (type: number, depth: number): ThriftValue => {
    if (depth > maxDepth) throw new RangeError('it is nested too deeply')
    switch (type) {
      case 1:
      case 2:
        return type === 1
      case 3:
        return (byte() << 24) >> 24
      case 4:
      case 5:
        return Number(BigInt.asIntN(32, zigzag()))
      case 6:
        return zigzag()
      case 8: {
        const length = size()
        at += length
        return bytes.subarray(at - length, at)
      }
      case 9:
        return list(depth)
      case 12:
        return struct(depth)
      default:
        throw new RangeError('a type of value is not known')
    }
  }
  const struct = (depth: number): ThriftStruct => {
    const fields = new Map<number, ThriftValue>()
    for (let field = 0; ; ) {
      const head = byte()
      if ((head & 15) === 0) return fields
      field = head >> 4 === 0 ? Number(BigInt.asIntN(16, zigzag())) : field + (head >> 4)
      fields.set(field, value(head & 15, depth + 1))
    }
  }
  return { struct: struct(0), end: at }
}

/** @throws RangeError when there is none, or not a number that can be exact */
export function numberOf(struct: ThriftStruct, field: number): number {
  const value = struct.get(field)
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0)
    throw new RangeError(`field ${field} is no size`)
  return number
}

export function structOf(struct: ThriftStruct, field: number): ThriftStruct {
  const value = struct.get(field)
  if (!(value instanceof Map)) throw new RangeError(`field ${field} is missing`)
  return value
}
