import { isUtf8 } from 'node:buffer'
import type { Header, Message } from '../../message.ts'
import type { JobLike } from './client.ts'

/**
 * A message as `jsonb`, which keeps values, never bytes: bytes travel as text where they are text that jsonb can hold (no NUL), else
 * as base64. Names of headers and properties may hold a NUL as well, so they travel as bytes too.
 */
interface Envelope {
  readonly redrive: 1
  readonly key: Encoded
  readonly body: Encoded
  readonly headers: readonly { readonly name: Encoded; readonly value: Encoded; readonly type?: 'json' }[]
  readonly properties?: Encoded
  readonly timestampMs?: number
}

type Encoded = string | { readonly base64: string } | null

/** Columns of a job's row that say where it comes from; null ones are left out. */
const columns = [
  'id',
  'name',
  'priority',
  'singletonKey',
  'groupId',
  'groupTier',
  'retryCount',
  'retryLimit',
  'createdOn',
  'output',
  'sourceName',
  'sourceId',
  'sourceCreatedOn',
  'sourceRetryCount',
  'sourceOutput',
  'sourceRootId',
] as const

/**
 * The `data` of a job. Plain JSON of another producer, without a key, headers or a body changed since, goes out as it came in, so that
 * every reader of that queue understands it; everything else is an envelope.
 */
export function dataOf(message: Message): object {
  const plain = plainData(message)
  if (plain !== undefined) return plain
  const { key, body, headers, properties, timestampMs } = message
  const envelope: Envelope = {
    redrive: 1,
    key: encode(key),
    body: encode(body),
    headers: headers.map(({ name, value, type }) => ({
      name: encode(Buffer.from(name)),
      value: encode(value),
      ...(type === undefined ? {} : { type }),
    })),
    ...(properties === undefined ? {} : { properties: encode(Buffer.from(JSON.stringify(properties))) }),
    ...(timestampMs !== undefined && Number.isFinite(timestampMs) ? { timestampMs } : {}),
  }
  return envelope
}

/** A job of another producer becomes a message whose body is the JSON text of its `data`. */
export function messageOf(job: JobLike): Message {
  const createdMs = job.createdOn.getTime()
  if (!isEnvelope(job.data)) {
    const body = job.data === null || job.data === undefined ? null : Buffer.from(JSON.stringify(job.data))
    return { key: null, body, headers: [], properties: propertiesOf(job), timestampMs: createdMs }
  }
  const { key, body, headers, properties, timestampMs } = job.data
  const record = properties === undefined ? undefined : parseRecord(properties)
  return {
    key: decode(key),
    body: decode(body),
    headers: headers.map(
      ({ name, value, type }): Header => ({
        name: Buffer.from(decode(name) ?? []).toString('utf8'),
        value: decode(value),
        ...(type === undefined ? {} : { type }),
      }),
    ),
    ...(record === undefined ? {} : { properties: record }),
    timestampMs: timestampMs ?? createdMs,
  }
}

function propertiesOf(job: JobLike): Readonly<Record<string, unknown>> {
  const row = job as unknown as Readonly<Record<string, unknown>>
  const properties: Record<string, unknown> = {}
  for (const column of columns) {
    const value = row[column]
    if (value !== null && value !== undefined) properties[column] = value instanceof Date ? value.toISOString() : value
  }
  return properties
}

function plainData({ key, body, headers, properties }: Message): object | undefined {
  if (key !== null || body === null || headers.length > 0 || properties?.['createdOn'] === undefined) return undefined
  try {
    const text = Buffer.from(body).toString('utf8')
    const data: unknown = JSON.parse(text)
    if (typeof data !== 'object' || data === null || isEnvelope(data)) return undefined
    // Only what comes back as the same bytes, and nothing that jsonb refuses: NUL and half surrogates, which JSON escapes.
    return JSON.stringify(data) === text && !/\\u(?:0000|d[89a-f])/i.test(text) ? data : undefined
  } catch {
    return undefined
  }
}

function encode(bytes: Uint8Array | null): Encoded {
  if (bytes === null) return null
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isUtf8(buffer) && !buffer.includes(0) ? buffer.toString('utf8') : { base64: buffer.toString('base64') }
}

function decode(encoded: Encoded): Uint8Array | null {
  if (encoded === null) return null
  return typeof encoded === 'string' ? Buffer.from(encoded, 'utf8') : Buffer.from(encoded.base64, 'base64')
}

function parseRecord(encoded: Encoded): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(decode(encoded) ?? []).toString('utf8'))
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Anybody can insert a job: what is not exactly ours is somebody's data. */
function isEnvelope(data: unknown): data is Envelope {
  if (!isRecord(data) || data['redrive'] !== 1) return false
  const { key, body, headers, properties, timestampMs } = data
  if (!isEncoded(key) || !isEncoded(body)) return false
  if (properties !== undefined && !isEncoded(properties)) return false
  if (timestampMs !== undefined && typeof timestampMs !== 'number') return false
  return Array.isArray(headers) && headers.every(isHeader)
}

function isHeader(value: unknown): boolean {
  if (!isRecord(value) || !isEncoded(value['name']) || value['name'] === null || !isEncoded(value['value']))
    return false
  return value['type'] === undefined || value['type'] === 'json'
}

function isEncoded(value: unknown): value is Encoded {
  return value === null || typeof value === 'string' || (isRecord(value) && typeof value['base64'] === 'string')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
