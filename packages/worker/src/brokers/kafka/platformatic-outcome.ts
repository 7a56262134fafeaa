import type { SendResult } from '../../broker.ts'
import { isNeverConnected, outcomeOfCode, textOf } from './protocol-errors.ts'

interface PartitionAnswer {
  readonly index: number
  readonly errorCode: number
  readonly baseOffset: bigint
}

/**
 * What a failed send says about each of its partitions. Parts that an answer names are known, whatever became of the others; for the
 * rest nothing was written only if every error happened before the first byte.
 */
export function outcomesOfError(error: unknown): {
  readonly known: ReadonlyMap<number, SendResult | { readonly kind: 'written'; readonly baseOffset: bigint }>
  readonly rest: SendResult
} {
  const known = new Map<number, SendResult | { readonly kind: 'written'; readonly baseOffset: bigint }>()
  for (const each of errorsIn(error)) {
    for (const { index, errorCode, baseOffset } of answersOf(each)) {
      known.set(index, errorCode === 0 ? { kind: 'written', baseOffset } : outcomeOfCode(errorCode, textOf(error)))
    }
    for (const { partition, offset } of producedOf(each)) known.set(partition, { kind: 'written', baseOffset: offset })
  }
  const leaves = errorsIn(error).filter(isLeaf)
  const before = leaves.length > 0 && leaves.every(isBeforeSend)
  const reason = textOf(error)
  const retryable = !leaves.every(({ code }) => code === 'PLT_KFK_USER')
  return { known, rest: before ? { kind: 'not-sent', reason, retryable } : { kind: 'uncertain', reason } }
}

/** True when the broker says that a topic does not exist. */
export function isUnknownTopic(error: unknown): boolean {
  return errorsIn(error).some(
    // The client replaces the broker's answer by an error that has nothing but this text.
    ({ apiCode, message }) =>
      apiCode === unknownTopicCode || (typeof message === 'string' && message.startsWith('Unknown topic ')),
  )
}

export function isExistingTopic(error: unknown): boolean {
  return errorsIn(error).some(({ apiId }) => apiId === 'TOPIC_ALREADY_EXISTS')
}

interface ErrorShape {
  readonly code?: unknown
  readonly syscall?: unknown
  readonly message?: unknown
  readonly apiId?: unknown
  readonly apiCode?: unknown
  readonly errors?: unknown
  readonly cause?: unknown
  readonly response?: unknown
  readonly produced?: unknown
  readonly canRetry?: unknown
  readonly needsRejoin?: unknown
}

const maxDepth = 8
const unknownTopicCode = 3

/** An error, what it gathers and what caused it. */
export function errorsIn(error: unknown, depth = 0): readonly ErrorShape[] {
  if (typeof error !== 'object' || error === null || depth > maxDepth) return []
  const shape = error as ErrorShape
  const inner = Array.isArray(shape.errors) ? (shape.errors as readonly unknown[]) : []
  return [shape, ...[...inner, shape.cause].flatMap((each) => errorsIn(each, depth + 1))]
}

function isLeaf({ errors, cause }: ErrorShape): boolean {
  const gathers = Array.isArray(errors) && errors.length > 0
  return !gathers && (typeof cause !== 'object' || cause === null)
}

/** Texts of `network/connection.js`: the connection was never ready, so nothing was written on it. */
const beforeTexts =
  /^(?:Connection to \S{1,300} (?:failed|timed out)\.|Connection closed while waiting for ready\.|Connection pool is closed\.)$/

function isBeforeSend(error: ErrorShape): boolean {
  if (isNeverConnected(error)) return true
  if (error.code === 'PLT_KFK_USER' || error.code === 'PLT_KFK_AUTHENTICATION') return true
  return typeof error.message === 'string' && beforeTexts.test(error.message)
}

function answersOf({ code, response }: ErrorShape): readonly PartitionAnswer[] {
  if (code !== 'PLT_KFK_RESPONSE' || typeof response !== 'object' || response === null) return []
  const { responses } = response as {
    readonly responses?: readonly { readonly partitionResponses?: readonly PartitionAnswer[] }[]
  }
  return (responses ?? []).flatMap(({ partitionResponses = [] }) => partitionResponses)
}

function producedOf({ produced }: ErrorShape): readonly { readonly partition: number; readonly offset: bigint }[] {
  if (typeof produced !== 'object' || produced === null) return []
  return (
    (produced as { readonly offsets?: readonly { readonly partition: number; readonly offset: bigint }[] }).offsets ??
    []
  )
}
