import type { Outgoing, SendResult } from '../../broker.ts'
import { RedriveError } from '../../errors.ts'
import { messageBytes } from '../../message.ts'
import { wireHeader } from '../../wire.ts'
import { type ConfirmChannelLike, type ConnectionLike, type DeliveredLike, reasonOf } from './client.ts'
import type { Link } from './connection.ts'
import { type Published, toAmqp } from './envelope.ts'

export interface SenderOptions {
  readonly confirmTimeoutMs: number
  readonly limits: () => { readonly maxBytes: number; readonly maxHeaderBytes: number }
}

type Returned = DeliveredLike & { readonly fields: { readonly replyText?: string } }

export type Send = (place: string, messages: readonly Outgoing[]) => Promise<readonly SendResult[]>

/** What was published and is not confirmed yet. */
interface Waiting extends Published {
  returned?: string
}

/** A confirm channel with what waits on it, by routing key, in the order it was published. */
interface Line {
  readonly channel: ConfirmChannelLike
  readonly waiting: Map<string, Set<Waiting>>
}

/** A line from the moment it is asked for. */
interface Opening {
  connection?: ConnectionLike
  line?: Promise<Line>
}

/**
 * Publishes to queues through the default exchange, `mandatory` and confirmed. The broker returns what it cannot route before
 * it confirms it; what it refuses (nack) it does not have; what is cut before either is uncertain.
 */
export function senderOf(link: Link, options: SenderOptions): Send {
  let current: Opening | undefined

  const drop = (failed: Opening): void => {
    if (current === failed) current = undefined
  }
  const open = (): Opening => {
    if (current !== undefined) return current
    const opening: Opening = {}
    opening.line = openLine(link, {
      onConnection: (connection) => {
        opening.connection = connection
      },
      onClosed: () => drop(opening),
    })
    opening.line.catch(() => drop(opening))
    current = opening
    return opening
  }

  return async (place, messages) => {
    if (messages.some(({ delayMs }) => delayMs !== undefined && delayMs > 0)) {
      throw new RedriveError('CAPABILITY_MISSING', 'RabbitMQ cannot deliver later by itself')
    }
    if (messages.length === 0) return []
    if (link.isBlocked) return messages.map(() => notSent('RabbitMQ takes no messages: it is short of memory or disk'))
    const opening = open()
    const { promise: tooLate, resolve: giveUp } = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => {
      // Late confirms would be for messages whose outcome has been told.
      drop(opening)
      // Also one on which no channel has opened: the next send would wait for it again.
      if (opening.connection !== undefined) link.forget(opening.connection)
      giveUp(undefined)
    }, options.confirmTimeoutMs)
    try {
      const opened = await Promise.race([opening.line, tooLate])
      const late = `no answer within ${options.confirmTimeoutMs} ms`
      if (opened === undefined) return messages.map(() => notSent(late))
      const results = messages.map((message) => publish(opened, place, { message, options }))
      return await Promise.all(
        results.map(async (result) => (await Promise.race([result, tooLate])) ?? uncertain(late)),
      )
    } catch (error) {
      return messages.map(() => notSent(reasonOf(error)))
    } finally {
      clearTimeout(timer)
    }
  }
}

function openLine(
  link: Link,
  told: { readonly onConnection: (connection: ConnectionLike) => void; readonly onClosed: () => void },
): Promise<Line> {
  return link.use(async (connection) => {
    told.onConnection(connection)
    const channel = await connection.createConfirmChannel()
    const line: Line = { channel, waiting: new Map() }
    channel.on('error', () => undefined)
    channel.on('close', told.onClosed)
    channel.on('return', (message) => markReturned(line, message as Returned))
    return line
  })
}

function publish(
  line: Line,
  place: string,
  { message: { message, partition }, options }: { readonly message: Outgoing; readonly options: SenderOptions },
): Promise<SendResult> {
  const refusal = refusalOf(message, partition, options.limits())
  if (refusal !== undefined) return Promise.resolve(refusal)
  const { promise, resolve } = Promise.withResolvers<SendResult>()
  try {
    const entry: Waiting = { ...toAmqp(message) }
    const waiting = line.waiting.get(place) ?? new Set()
    line.channel.publish('', place, entry.content, entry.options, (error) => {
      waiting.delete(entry)
      if (waiting.size === 0) line.waiting.delete(place)
      resolve(resultOf(error, entry.returned))
    })
    // amqplib encodes before it writes, so nothing was written where it throws.
    line.waiting.set(place, waiting.add(entry))
  } catch (error) {
    const isClosing = error instanceof Error && error.name === 'IllegalOperationError'
    resolve(notSent(reasonOf(error), isClosing))
  }
  return promise
}

function refusalOf(
  message: Outgoing['message'],
  partition: string | undefined,
  limits: { readonly maxBytes: number; readonly maxHeaderBytes: number },
): SendResult | undefined {
  if (partition !== undefined && partition !== '0')
    return notSent(`a RabbitMQ queue has no partition ${partition}`, false)
  const bytes = messageBytes(message)
  // The broker closes the channel on a message too large, and with it the outcome of all others on the way.
  if (bytes > limits.maxBytes) return notSent(`${bytes} bytes are above the limit of ${limits.maxBytes}`, false)
  const headerBytes = messageBytes({ key: null, body: null, headers: message.headers })
  if (headerBytes <= limits.maxHeaderBytes) return undefined
  return notSent(`${headerBytes} bytes of headers are above the limit of ${limits.maxHeaderBytes}`, false)
}

function resultOf(error: unknown, returned: string | undefined): SendResult {
  if (error === null || error === undefined) return returned === undefined ? { kind: 'sent' } : notSent(returned)
  if (error instanceof Error && error.message === 'message nacked') return notSent('RabbitMQ refused the message')
  return uncertain(reasonOf(error))
}

/** A return names no delivery: it is the oldest of its routing key with the same content. */
function markReturned(
  line: Line,
  { content, fields, properties }: DeliveredLike & { fields: { replyText?: string } },
): void {
  for (const entry of line.waiting.get(fields.routingKey) ?? []) {
    if (entry.returned !== undefined || !entry.content.equals(content)) continue
    const headers = entry.options.headers as Record<string, unknown>
    if (headers[wireHeader] !== properties.headers?.[wireHeader]) continue
    entry.returned = `there is no queue ${fields.routingKey} (${fields.replyText ?? 'returned'})`
    return
  }
}

function notSent(reason: string, retryable = true): SendResult {
  return { kind: 'not-sent', reason, retryable }
}

function uncertain(reason: string): SendResult {
  return { kind: 'uncertain', reason }
}
