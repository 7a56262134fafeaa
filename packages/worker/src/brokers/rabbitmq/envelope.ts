import type { Header, Message } from '../../message.ts'
import type { BasicProperties, DeliveredLike, PublishOptions } from './client.ts'
import { headersFromTable, tableFromHeaders } from './headers.ts'

/**
 * Carries, as JSON in one header, what AMQP has no place for (key, null body) and what must not act a second time: `expiration`
 * would let a lane drop the message, `CC` and `BCC` would send each retry to others as well, and the broker closes the channel on a
 * `userId` that is not ours. All of it comes back into the message on receipt.
 */
export const carriedHeader = 'redrive-amqp'

const inertNames: ReadonlySet<string> = new Set(['CC', 'BCC', carriedHeader])
const textProperties = [
  'contentType',
  'contentEncoding',
  'correlationId',
  'replyTo',
  'messageId',
  'type',
  'appId',
] as const
const basicProperties = [
  ...textProperties,
  'deliveryMode',
  'priority',
  'expiration',
  'timestamp',
  'userId',
  'clusterId',
] as const
/** Beyond this a timestamp is taken for milliseconds, which some producers write although AMQP says seconds. */
const latestSeconds = 1e11

interface Carried {
  readonly key?: string
  readonly body?: null
  readonly headers?: readonly { readonly name: string; readonly base64: string | null; readonly type?: 'json' }[]
  readonly properties?: Readonly<Record<string, unknown>>
}

export interface Published {
  readonly content: Buffer
  readonly options: PublishOptions
}

/** @throws RangeError when it cannot be written as an AMQP message */
export function toAmqp(message: Message): Published {
  const { applied, inert } = splitProperties(message.properties ?? {})
  const inertHeaders = message.headers.filter(({ name }) => inertNames.has(name))
  const carried: Carried = {
    ...(message.key === null ? {} : { key: base64(message.key) }),
    ...(message.body === null ? { body: null } : {}),
    ...(inertHeaders.length === 0 ? {} : { headers: inertHeaders.map(carryHeader) }),
    ...(Object.keys(inert).length === 0 ? {} : { properties: inert }),
  }
  const headers: Header[] = message.headers.filter(({ name }) => !inertNames.has(name))
  if (Object.keys(carried).length > 0)
    headers.push({ name: carriedHeader, value: Buffer.from(JSON.stringify(carried)) })
  const seconds = Math.floor((message.timestampMs ?? -1) / 1000)
  return {
    content: message.body === null ? Buffer.alloc(0) : bufferOf(message.body),
    options: {
      ...(seconds >= 0 && Number.isSafeInteger(seconds) ? { timestamp: seconds } : {}),
      ...applied,
      headers: tableFromHeaders(headers),
      deliveryMode: 2,
      mandatory: true,
    },
  }
}

/** @param options.countedByBroker the broker itself put `x-delivery-count` there, so it is no header of the message */
export function fromAmqp(
  { content, properties }: DeliveredLike,
  options: { readonly countedByBroker: boolean },
): Message {
  const table = properties.headers ?? {}
  const carried = readCarried(table[carriedHeader])
  const headers = headersFromTable(table).filter(
    ({ name }) =>
      !(name === carriedHeader && carried !== undefined) && !(name === 'x-delivery-count' && options.countedByBroker),
  )
  const basic: Record<string, unknown> = {}
  for (const name of basicProperties) if (properties[name] !== undefined) basic[name] = properties[name]
  const kept = { ...basic, ...carried?.properties }
  return {
    key: carried?.key === undefined ? null : Buffer.from(carried.key, 'base64'),
    body: carried?.body === null && content.byteLength === 0 ? null : content,
    headers: [...headers, ...(carried?.headers ?? []).map(uncarryHeader)],
    ...(Object.keys(kept).length === 0 ? {} : { properties: kept }),
    ...timestampOf(properties),
  }
}

function timestampOf({ timestamp }: BasicProperties): { readonly timestampMs?: number } {
  if (timestamp === undefined || !Number.isSafeInteger(timestamp)) return {}
  return { timestampMs: timestamp > latestSeconds ? timestamp : timestamp * 1000 }
}

function splitProperties(properties: Readonly<Record<string, unknown>>): {
  readonly applied: Omit<PublishOptions, 'headers' | 'deliveryMode' | 'mandatory'>
  readonly inert: Readonly<Record<string, unknown>>
} {
  const applied: Record<string, unknown> = {}
  const inert: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(properties)) {
    if (isApplicable(name, value)) applied[name] = value
    else if (value !== undefined && !(name === 'deliveryMode' && value === 2)) inert[name] = value
  }
  return { applied, inert }
}

function isApplicable(name: string, value: unknown): boolean {
  if (name === 'priority') return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255
  if (name === 'timestamp') return Number.isSafeInteger(value) && Number(value) >= 0
  if (!textProperties.some((each) => each === name)) return false
  return typeof value === 'string' && Buffer.byteLength(value) <= 255
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const base64 = (bytes: Uint8Array): string => bufferOf(bytes).toString('base64')

const carryHeader = ({ name, value, type }: Header): NonNullable<Carried['headers']>[number] => ({
  name,
  base64: value === null ? null : base64(value),
  ...(type === undefined ? {} : { type }),
})

const uncarryHeader = (carried: NonNullable<Carried['headers']>[number]): Header => ({
  name: carried.name,
  value: carried.base64 === null ? null : Buffer.from(carried.base64, 'base64'),
  ...(carried.type === undefined ? {} : { type: carried.type }),
})

/** Anybody can write this header: what is not exactly ours stays an ordinary header. */
function readCarried(field: unknown): Carried | undefined {
  if (typeof field !== 'string') return undefined
  let json: unknown
  try {
    json = JSON.parse(field)
  } catch {
    return undefined
  }
  if (!isRecord(json)) return undefined
  const { key, body, headers, properties } = json
  if (key !== undefined && typeof key !== 'string') return undefined
  if (body !== undefined && body !== null) return undefined
  if (headers !== undefined && !(Array.isArray(headers) && headers.every(isCarriedHeader))) return undefined
  if (properties !== undefined && !isRecord(properties)) return undefined
  return json as Carried
}

function isCarriedHeader(value: unknown): boolean {
  if (!isRecord(value) || typeof value['name'] !== 'string' || !inertNames.has(value['name'])) return false
  if (value['type'] !== undefined && value['type'] !== 'json') return false
  return value['base64'] === null || typeof value['base64'] === 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
