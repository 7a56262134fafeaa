import { cutEnd } from '../cut-text.ts'
import type { Header } from '../message.ts'
import { type Reader, type Reading, reading } from './reader.ts'
import { nameOf, timeMsOf, traceparentOf, utf8 } from './values.ts'

const own =
  /^x-(?:death|first-death-(?:queue|reason|exchange)|last-death-(?:queue|reason|exchange)|delivery-count|acquired-count|opt-deaths)$/

/**
 * RabbitMQ's own dead-lettering, 3.x and 4.x: `x-death`, one entry for each queue and reason, newest first, and `x-first-death-*`, which
 * never changes. No error text at all, and no attempts: `count` counts the deaths of one entry (a limit of redeliveries is one death,
 * and a message may be requeued before it is rejected), `x-delivery-count` the deliveries from the queue the letter lies in now.
 */
export const rabbitmq: Reader = {
  name: 'rabbitmq',
  layer: 'transport',
  owns: (name) => name.startsWith('x-') && own.test(name),
  read({ system, message }): Reading | null {
    if (system !== 'rabbitmq') return null
    const found = collect(message.headers)
    const traceparent = traceparentOf(found.traceparent)
    const { deaths } = found
    const firstQueue = nameOf(found.firstQueue) ?? deaths.at(-1)?.queue ?? null
    if (firstQueue === null) return traceparent === null ? null : reading({ traceparent }, {})
    const firstReason = nameOf(found.firstReason)
    const first = deaths.find(
      ({ queue, reason }) => queue === firstQueue && (firstReason === null || reason === firstReason),
    )
    // A consumer refused it, or lost it too often; from other deaths nobody's failure can be told.
    const failed = deaths.find(({ reason }) => reason === 'rejected' || reason === 'delivery_limit')
    const isNewest = failed !== undefined && failed === deaths[0]
    const reason = failed?.reason ?? deaths[0]?.reason ?? firstReason
    const exchange = first?.exchange ?? found.firstExchange
    return reading(
      {
        originSystem: 'rabbitmq',
        originPlace: firstQueue,
        originRoute: routeOf({ exchange, routingKey: first?.routingKey, queue: firstQueue }),
        consumer: isNewest ? failed.queue : null,
        reason: failed === undefined || isNewest ? reason : null,
        traceparent,
      },
      {
        originTimestampMs: timeMsOf(message.timestampMs ?? millisecondsOf(message.properties?.['timestamp'])),
        consumer: failed?.queue,
        reason,
        // The time of an entry is that of its first death, in whole seconds.
        firstFailedAtMs: failed?.timeMs,
        lastFailedAtMs: failed?.count === 1 ? failed.timeMs : null,
        // The broker keeps bytes; who parks a letter by publishing it again could have changed them.
        bodyExact: true,
      },
      found.writtenAt,
    )
  },
}

interface Death {
  readonly queue: string
  readonly reason: string
  readonly count: number | null
  readonly timeMs: number | null
  readonly exchange: string | undefined
  readonly routingKey: string | undefined
}

interface Found {
  deaths: readonly Death[]
  firstQueue: Uint8Array | null
  firstReason: Uint8Array | null
  firstExchange: string | undefined
  traceparent: Uint8Array | null
  writtenAt: number
}

function collect(headers: readonly Header[]): Found {
  const found: Found = {
    deaths: [],
    firstQueue: null,
    firstReason: null,
    firstExchange: undefined,
    traceparent: null,
    writtenAt: -1,
  }
  let at = -1
  for (const { name, value, type } of headers) {
    at += 1
    if (name === 'traceparent') found.traceparent = value
    if (!name.startsWith('x-') || value === null) continue
    if (name === 'x-death' && type === 'json') found.deaths = deathsOf(value)
    else if (type === 'json') continue
    else if (name === 'x-first-death-queue') found.firstQueue = value
    else if (name === 'x-first-death-reason') found.firstReason = value
    else if (name === 'x-first-death-exchange') found.firstExchange = nameOf(value) ?? ''
    else continue
    found.writtenAt = at
  }
  return found
}

const maxDeathsBytes = 65_536
/** AMQP short strings have at most 255 bytes. */
const maxName = 255

function deathsOf(value: Uint8Array): Death[] {
  if (value.byteLength > maxDeathsBytes) return []
  let list: unknown
  try {
    list = JSON.parse(utf8(value))
  } catch {
    return []
  }
  if (!Array.isArray(list)) return []
  return list.map(deathOf).filter((death) => death !== null)
}

function deathOf(entry: unknown): Death | null {
  if (typeof entry !== 'object' || entry === null) return null
  const { queue, reason, count, time, exchange, 'routing-keys': keys } = entry as Record<string, unknown>
  if (typeof queue !== 'string' || queue === '' || typeof reason !== 'string') return null
  const key: unknown = Array.isArray(keys) ? keys[0] : undefined
  return {
    queue: cutEnd(queue, maxName),
    reason: cutEnd(reason, maxName),
    count: typeof count === 'number' ? count : null,
    timeMs: timeMsOf(millisecondsOf(time)),
    exchange: typeof exchange === 'string' ? cutEnd(exchange, maxName) : undefined,
    routingKey: typeof key === 'string' ? cutEnd(key, maxName) : undefined,
  }
}

/** Beyond this a timestamp is taken for milliseconds, which some producers write although AMQP says seconds. */
const latestSeconds = 1e11

/** An AMQP timestamp: bare, or amqplib's `{"!":"timestamp","value":n}`. In milliseconds. */
function millisecondsOf(time: unknown): number | null {
  if (typeof time === 'number') return time > latestSeconds ? time : time * 1000
  if (typeof time !== 'object' || time === null) return null
  const { value } = time as { value?: unknown }
  return typeof value === 'number' ? millisecondsOf(value) : null
}

function routeOf(route: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const known: Record<string, string> = {}
  for (const [name, value] of Object.entries(route)) if (value !== undefined) known[name] = value
  return known
}
