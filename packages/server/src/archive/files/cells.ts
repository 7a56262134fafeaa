import { uuidBytes, uuidText } from '../../store/uuid.ts'
import type { Column } from './shape.ts'

/** A value as Parquet holds it. */
export type Cell = Uint8Array | bigint | number | null

/** @throws RangeError for what the column cannot hold as it is: nothing is rounded, cut or replaced */
export function toCell({ name, kind, isNullable }: Column, value: unknown): Cell {
  if (value === null && isNullable) return null
  const refuse = (): never => {
    throw new RangeError(`${name} cannot be archived: it is not what the column holds`)
  }
  switch (kind) {
    case 'uuid':
      return (typeof value === 'string' && value === value.toLowerCase() && uuidBytes(value)) || refuse()
    case 'text':
      return typeof value === 'string' && value.isWellFormed() ? Buffer.from(value, 'utf8') : refuse()
    case 'list':
      return Array.isArray(value) && value.every((each) => typeof each === 'string' && each.isWellFormed())
        ? Buffer.from(JSON.stringify(value), 'utf8')
        : refuse()
    case 'bytes':
      return value instanceof Uint8Array ? value : refuse()
    case 'int32':
      return typeof value === 'number' && (value | 0) === value && !Object.is(value, -0) ? value : refuse()
    case 'int64':
      return typeof value === 'bigint' && BigInt.asIntN(64, value) === value ? value : refuse()
    case 'time':
      return value instanceof Date && Number.isFinite(value.getTime()) ? BigInt(value.getTime()) : refuse()
  }
}

/** The value is a copy: it holds no page alive. @throws RangeError for what `toCell` never wrote */
export function fromCell({ name, kind, isNullable }: Column, cell: Cell): unknown {
  if (cell === null) {
    if (isNullable) return null
    throw new RangeError(`${name} is missing`)
  }
  switch (kind) {
    case 'uuid':
      return uuidText(cell as Uint8Array)
    case 'text':
      return textOf(name, cell as Uint8Array)
    case 'list':
      return listOf(name, textOf(name, cell as Uint8Array))
    case 'bytes':
      return Buffer.from(cell as Uint8Array)
    case 'time':
      return timeOf(name, cell as bigint)
    default:
      return cell
  }
}

export const cellBytes = (cell: Cell): number => (cell instanceof Uint8Array ? cell.length + 4 : 8)

// A byte order mark at the beginning is part of the text.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(name: string, bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new RangeError(`${name} is no UTF-8`)
  }
}

function listOf(name: string, text: string): readonly string[] {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    throw new RangeError(`${name} is no JSON`)
  }
  if (Array.isArray(list) && list.every((each) => typeof each === 'string')) return list
  throw new RangeError(`${name} is no list of text`)
}

function timeOf(name: string, ms: bigint): Date {
  const time = new Date(Number(ms))
  if (Number.isNaN(time.getTime())) throw new RangeError(`${name} is no time`)
  return time
}
