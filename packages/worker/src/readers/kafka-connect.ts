import { cutEnd } from '../cut-text.ts'
import { readJavaStack } from './java-stack.ts'
import { leafClass } from './leaf-class.ts'
import { type Reader, type Reading, reading } from './reader.ts'
import { caps, decimalOf, nameOf, textOf, timeMsOf } from './values.ts'

const prefix = '__connect.errors.'

/**
 * Kafka Connect's dead-letter queue reporter (KIP-298), with context headers enabled; without them a letter says nothing at all.
 * A record that died twice has two sets: the first names the origin, the last the failure. The record is the consumed one byte for byte,
 * with its timestamp. How often Connect tried is not written.
 */
export const kafkaConnect: Reader = {
  name: 'kafka-connect',
  layer: 'framework',
  owns: (name) => name.startsWith(prefix),
  read({ message }): Reading | null {
    const origin = new Map<string, Uint8Array>()
    let failure = new Map<string, Uint8Array>()
    let sets = 0
    let writtenAt = -1
    let at = -1
    for (const { name, value } of message.headers) {
      at += 1
      if (!name.startsWith(prefix)) continue
      const field = name.slice(prefix.length)
      writtenAt = at
      if (field === 'topic') {
        sets += 1
        failure = new Map()
      }
      if (value === null) continue
      if (sets <= 1) origin.set(field, value)
      failure.set(field, value)
    }
    if (writtenAt === -1) return null
    const connector = nameOf(failure.get('connector.name') ?? null)
    const error = errorOf(failure)
    return reading(
      {
        originSystem: 'kafka',
        originPlace: nameOf(origin.get('topic') ?? null),
        originPartition: decimalOf(origin.get('partition') ?? null),
        originPosition: decimalOf(origin.get('offset') ?? null),
        originTimestampMs: timeMsOf(message.timestampMs),
        errorClass: error.errorClass,
        message: error.message,
        stack: error.stack,
        reason: nameOf(failure.get('stage') ?? null),
        hops: sets > 0 ? sets : null,
        bodyExact: true,
      },
      {
        // A sink's consumer group, unless the connector overrides `group.id`.
        consumer: connector === null ? null : `connect-${connector}`,
        errorClass: error.leaf,
        message: error.leaf === null ? null : error.outerMessage,
      },
      writtenAt,
    )
  },
}

/** Headers name the outer error only: they are the innermost one where the stack shows no cause, or none is possible. */
function errorOf(failure: ReadonlyMap<string, Uint8Array>): {
  errorClass: string | null
  message: string | null
  stack: string | null
  leaf: string | null
  outerMessage: string | null
} {
  const outerClass = textOf(failure.get('exception.class.name') ?? null, caps.errorClass)
  const outerMessage = textOf(failure.get('exception.message') ?? null, caps.message)
  const stackValue = failure.get('exception.stacktrace')
  const stack = stackValue === undefined || stackValue.byteLength === 0 ? null : readJavaStack(stackValue)
  const text = stack?.text ?? null
  const innermost = stack?.innermost ?? null
  if (innermost === null) {
    return { errorClass: null, message: null, stack: text, leaf: leafClass(outerClass), outerMessage }
  }
  const { errorClass } = innermost
  const message = stack?.single === true && outerMessage !== null ? outerMessage : innermost.message
  return {
    errorClass,
    message: message === null ? null : cutEnd(message, caps.message),
    stack: text,
    leaf: null,
    outerMessage,
  }
}
