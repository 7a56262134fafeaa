/**
 * AMQP field values ↔ JSON. What JSON lacks is marked the way amqplib marks it, by a key `!`:
 * `{"!":"timestamp","value":seconds}`, `{"!":"decimal","value":{"places":n,"digits":n}}`, `{"!":"bytes","base64":"…"}`,
 * `{"!":"double","value":"NaN"}`, and `{"!":"table","value":{…}}` for a table that itself has a key `!`.
 */
const maxDepth = 64
const twoTo63 = 2 ** 63

/** @returns what `JSON.stringify` writes without loss, except for what amqplib lost in decoding */
export function toJson(value: unknown, depth = 0): unknown {
  if (depth > maxDepth) return { '!': 'too deep' }
  if (typeof value === 'number' && !Number.isFinite(value)) return { '!': 'double', value: String(value) }
  if (typeof value !== 'object' || value === null) return value ?? null
  if (value instanceof Uint8Array) return { '!': 'bytes', base64: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return value.map((each) => toJson(each, depth + 1))
  if (isTimestamp(value) || isDecimal(value)) return value
  const table = mapTable(value, (each) => toJson(each, depth + 1))
  return Object.hasOwn(value, '!') ? { '!': 'table', value: table } : table
}

/** The reverse; total: whatever JSON it is given, the result can be encoded. */
export function fromJson(json: unknown, depth = 0): unknown {
  if (depth > maxDepth) return null
  if (typeof json === 'number') return numberField(json)
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map((each) => fromJson(each, depth + 1))
  if (!Object.hasOwn(json, '!')) return mapTable(json, (each) => fromJson(each, depth + 1))
  const marked = json as { readonly '!': unknown; readonly value?: unknown; readonly base64?: unknown }
  if (isTimestamp(marked) || isDecimal(marked)) return marked
  if (marked['!'] === 'bytes' && typeof marked.base64 === 'string') return Buffer.from(marked.base64, 'base64')
  if (marked['!'] === 'double') return { '!': 'double', value: Number(marked.value) }
  if (marked['!'] === 'too deep') return null
  const inner =
    marked['!'] === 'table' && typeof marked.value === 'object' && marked.value !== null ? marked.value : marked
  // amqplib takes an own key `!` for its marker, but encodes inherited keys like any other.
  return Object.create(mapTable(inner, (each) => fromJson(each, depth + 1)))
}

function numberField(value: number): unknown {
  const isLong = Number.isInteger(value) && value >= -twoTo63 && value < twoTo63
  return isLong ? value : { '!': 'double', value }
}

function mapTable(table: object, map: (value: unknown) => unknown): object {
  const mapped = Object.create(null) as Record<string, unknown>
  for (const [name, value] of Object.entries(table)) mapped[name] = map(value)
  return mapped
}

function isTimestamp(value: object): boolean {
  const { '!': mark, value: seconds } = value as { readonly '!'?: unknown; readonly value?: unknown }
  if (mark !== 'timestamp' || Object.keys(value).length !== 2) return false
  return typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 0 && seconds < 2 ** 64
}

function isDecimal(value: object): boolean {
  const { '!': mark, value: decimal } = value as { readonly '!'?: unknown; readonly value?: unknown }
  if (mark !== 'decimal' || Object.keys(value).length !== 2 || typeof decimal !== 'object' || decimal === null)
    return false
  const { places, digits } = decimal as { readonly places?: unknown; readonly digits?: unknown }
  return isUnsigned(places, 2 ** 8) && isUnsigned(digits, 2 ** 32) && Object.keys(decimal).length === 2
}

function isUnsigned(value: unknown, end: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < end
}
