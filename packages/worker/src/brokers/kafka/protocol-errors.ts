import type { SendResult } from '../../broker.ts'

/**
 * What a broker's answer to a produce request says about the records.
 * @see https://kafka.apache.org/protocol#protocol_error_codes
 */
export function outcomeOfCode(code: number, text: string): SendResult {
  if (uncertain.has(code)) return { kind: 'uncertain', reason: text }
  return { kind: 'not-sent', reason: text, retryable: !hopeless.has(code) }
}

/** The leader may have written the records, or says nothing about it. */
const uncertain: ReadonlySet<number> = new Set([
  -1, // UNKNOWN_SERVER_ERROR
  7, // REQUEST_TIMED_OUT
  13, // NETWORK_EXCEPTION
  20, // NOT_ENOUGH_REPLICAS_AFTER_APPEND
  45, // OUT_OF_ORDER_SEQUENCE_NUMBER
  46, // DUPLICATE_SEQUENCE_NUMBER
  56, // KAFKA_STORAGE_ERROR
])

/** Sent again as it is, it is refused again. */
const hopeless: ReadonlySet<number> = new Set([
  2, // CORRUPT_MESSAGE
  10, // MESSAGE_TOO_LARGE
  17, // INVALID_TOPIC_EXCEPTION
  18, // RECORD_LIST_TOO_LARGE
  29, // TOPIC_AUTHORIZATION_FAILED
  31, // CLUSTER_AUTHORIZATION_FAILED
  32, // INVALID_TIMESTAMP
  43, // UNSUPPORTED_FOR_MESSAGE_FORMAT
  76, // UNSUPPORTED_COMPRESSION_TYPE
  87, // INVALID_RECORD
])

/** Codes of the operating system for a connection that was never made: nothing was written. */
const neverConnected: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
])

/** The connection was refused, or the name not found: certainly before the first byte. */
export function isNeverConnected(error: { readonly code?: unknown; readonly syscall?: unknown }): boolean {
  if (typeof error.code !== 'string') return false
  return neverConnected.has(error.code) || (error.code === 'ETIMEDOUT' && error.syscall === 'connect')
}

export function textOf(error: unknown): string {
  const texts: string[] = []
  let each = error
  for (let depth = 0; depth < maxDepth && each !== undefined && each !== null; depth += 1) {
    const text = (each instanceof Error ? each.message : typeof each === 'string' ? each : '').replace(/\.$/, '')
    if (text !== '' && texts.at(-1) !== text) texts.push(text)
    const { errors, cause } = each as { readonly errors?: unknown; readonly cause?: unknown }
    each = Array.isArray(errors) ? errors[0] : cause
  }
  return texts.length === 0 ? 'no reason was given' : texts.join(': ')
}

/** Clients wrap what went wrong in what they were doing, and that in what was wanted. */
const maxDepth = 4
