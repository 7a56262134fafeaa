import type { SendResult } from '../../broker.ts'
import { isNeverConnected, outcomeOfCode, textOf } from './protocol-errors.ts'

interface ErrorShape {
  readonly name?: unknown
  readonly code?: unknown
  readonly type?: unknown
  readonly message?: unknown
  readonly cause?: unknown
}

const maxDepth = 8
/** Raised before a request is made. */
const beforeNames: ReadonlySet<string> = new Set([
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
  'KafkaJSBrokerNotFound',
  'KafkaJSSASLAuthenticationError',
])
/** The text of `network/connection.js` when a connection was not made in time. */
const connectTimeout = 'Connection timeout'

/** What a failed send says: the broker's own answer, or a connection that was never made; all else is uncertain. */
export function outcomeOfKafkaJsError(error: unknown): SendResult {
  const chain = causesOf(error)
  const reason = textOf(error)
  const protocol = chain.find(({ name, code }) => name === 'KafkaJSProtocolError' && typeof code === 'number')
  if (protocol !== undefined) return outcomeOfCode(protocol.code as number, reason)
  if (chain.some(isBefore)) return { kind: 'not-sent', reason, retryable: true }
  return { kind: 'uncertain', reason }
}

export function isUnknownKafkaJsTopic(error: unknown): boolean {
  return causesOf(error).some(({ type }) => type === 'UNKNOWN_TOPIC_OR_PARTITION')
}

function isBefore(error: ErrorShape): boolean {
  if (typeof error.name !== 'string') return false
  return (
    beforeNames.has(error.name) ||
    (error.name === 'KafkaJSConnectionError' && (isNeverConnected(error) || error.message === connectTimeout))
  )
}

function causesOf(error: unknown, depth = 0): readonly ErrorShape[] {
  if (typeof error !== 'object' || error === null || depth > maxDepth) return []
  return [error as ErrorShape, ...causesOf((error as ErrorShape).cause, depth + 1)]
}
