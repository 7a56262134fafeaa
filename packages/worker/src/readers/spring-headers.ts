import type { Header } from '../message.ts'

/** Spring's headers with the rules of duplicates applied: the first set of `original` is the origin, the last of everything else counts. */
export interface SpringHeaders {
  topic: Uint8Array | null
  partition: Uint8Array | null
  offset: Uint8Array | null
  timestamp: Uint8Array | null
  /** The consumer group of the last set. */
  group: Uint8Array | null
  exceptionClass: Uint8Array | null
  causeClass: Uint8Array | null
  message: Uint8Array | null
  stack: Uint8Array | null
  attempts: Uint8Array | null
  retryTimestamp: Uint8Array | null
  deliveryAttempt: Uint8Array | null
  /** Sets of `original` headers: deaths, where each adds one. */
  sets: number
  /** `@RetryableTopic` wrote the last failure. */
  retryable: boolean
  /** A later death replaced the exception but not the origin, so group and counts are those of an earlier one. */
  overwritten: boolean
  writtenAt: number
}

/** `null`: none of Spring's headers is there. One pass, whatever the number of headers. */
export function collect(headers: readonly Header[]): SpringHeaders | null {
  const found: SpringHeaders = {
    topic: null,
    partition: null,
    offset: null,
    timestamp: null,
    group: null,
    exceptionClass: null,
    causeClass: null,
    message: null,
    stack: null,
    attempts: null,
    retryTimestamp: null,
    deliveryAttempt: null,
    sets: 0,
    retryable: false,
    overwritten: false,
    writtenAt: -1,
  }
  const seen = {
    at: -1,
    exceptionAt: -1,
    originalAt: -1,
    originalIsPlain: false,
    attemptsAt: -1,
    deliveryAt: -1,
    earlierSetAt: -1,
  }
  for (const { name, value } of headers) {
    seen.at += 1
    if (name.startsWith('kafka_dlt-')) take(found, seen, { field: name.slice(10), plain: true, value })
    else if (name.startsWith('kafka_')) take(found, seen, { field: name.slice(6), plain: false, value })
    else if (name.startsWith('retry_topic-')) takeRetry(found, seen, { field: name.slice(12), value })
  }
  if (found.writtenAt === -1) return null
  found.retryable = seen.attemptsAt > Math.max(seen.exceptionAt, seen.originalAt)
  if (!found.retryable) found.attempts = null
  found.overwritten = !found.retryable && seen.originalIsPlain && seen.exceptionAt > seen.originalAt
  if (found.overwritten || seen.deliveryAt < seen.earlierSetAt) found.deliveryAttempt = null
  return found
}

interface Seen {
  at: number
  exceptionAt: number
  originalAt: number
  originalIsPlain: boolean
  attemptsAt: number
  deliveryAt: number
  earlierSetAt: number
}

interface Field {
  readonly field: string
  readonly plain: boolean
  readonly value: Uint8Array | null
}

function take(found: SpringHeaders, seen: Seen, { field, plain, value }: Field): void {
  // Of `@RetryableTopic` too, the group has the plain recoverer's prefix.
  if (field === 'original-consumer-group') found.group = value
  else if (field.startsWith('original-')) takeOriginal(found, seen, { field, plain, value })
  else if (field.startsWith('exception-') || field.startsWith('key-exception-'))
    takeException(found, seen, { field, plain, value })
  else if (field === 'deliveryAttempt' && !plain) {
    found.deliveryAttempt = value
    seen.deliveryAt = seen.at
    return
  } else return
  found.writtenAt = seen.at
}

function takeOriginal(found: SpringHeaders, seen: Seen, { field, plain, value }: Field): void {
  if (field === 'original-topic') {
    seen.earlierSetAt = seen.originalAt
    found.sets += 1
    // Each set brings its own group, if there is one.
    found.group = null
    if (found.sets === 1) found.topic = value
  }
  seen.originalAt = seen.at
  seen.originalIsPlain = plain
  if (found.sets > 1) return
  if (field === 'original-partition') found.partition ??= value
  else if (field === 'original-offset') found.offset ??= value
  else if (field === 'original-timestamp') found.timestamp ??= value
}

function takeException(found: SpringHeaders, seen: Seen, { field, value }: Field): void {
  seen.exceptionAt = seen.at
  const part = field.slice(field.indexOf('exception-') + 'exception-'.length)
  if (part === 'fqcn') {
    // The class opens a set: what stands before it belongs to an earlier failure.
    found.exceptionClass = value
    found.causeClass = null
    found.message = null
    found.stack = null
  } else if (part === 'cause-fqcn') found.causeClass = value
  else if (part === 'message') found.message = value
  else if (part === 'stacktrace') found.stack = value
}

function takeRetry(found: SpringHeaders, seen: Seen, { field, value }: Omit<Field, 'plain'>): void {
  found.writtenAt = seen.at
  if (field === 'attempts') {
    found.attempts = value
    seen.attemptsAt = seen.at
  } else if (field === 'original-timestamp') found.retryTimestamp ??= value
}
