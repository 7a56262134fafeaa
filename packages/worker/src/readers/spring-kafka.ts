import { cutEnd } from '../cut-text.ts'
import { type JavaStack, readJavaStack } from './java-stack.ts'
import { leafClass } from './leaf-class.ts'
import { type RawLetter, type Reader, type Reading, reading } from './reader.ts'
import { collect, type SpringHeaders } from './spring-headers.ts'
import { caps, int32Of, int64Of, integerOf, nameOf, textOf, timeMsOf } from './values.ts'

/**
 * Spring for Apache Kafka, 2.8 and later: what `DeadLetterPublishingRecoverer` writes, by itself (`kafka_dlt-*`) and for
 * `@RetryableTopic` (`kafka_original-*`, `kafka_exception-*`, `retry_topic-*`). Bodies are serialised anew from whatever the listener's
 * deserialiser made of them, so nothing is said of their bytes.
 */
export const springKafka: Reader = {
  name: 'spring-kafka',
  layer: 'framework',
  owns: (name) =>
    name.startsWith('kafka_')
      ? /^kafka_(?:dlt-|original-|exception-|key-exception-|deliveryAttempt$)/.test(name)
      : name.startsWith('retry_topic-') || name.startsWith('springDeserializerException'),
  read(letter): Reading | null {
    const headers = collect(letter.message.headers)
    if (headers === null) return null
    const stack = headers.stack === null || headers.stack.byteLength === 0 ? null : readJavaStack(headers.stack)
    const failed = stack === null || !headers.retryable ? null : failedListener(stack.text)
    const inDeadLetterHandler = failed !== null && handlesDeadLetters(failed)
    const error = errorOf(headers, stack)
    const origin = nameOf(headers.topic)
    const thrownAtMs = stack === null || !headers.retryable ? null : timestampOf(stack.text)
    const retryAttempts = inDeadLetterHandler ? null : retryTopicAttempts(headers)
    return reading(
      {
        originSystem: 'kafka',
        originPlace: origin,
        originPartition: int32Of(headers.partition)?.toString(),
        originPosition: int64Of(headers.offset)?.toString(),
        originTimestampMs: timeMsOf(int64Of(headers.timestamp) ?? integerOf(headers.retryTimestamp)),
        consumer: inDeadLetterHandler ? null : consumerOf(headers),
        errorClass: error.errorClass,
        message: error.message,
        stack: stack?.text,
        attempts: retryAttempts,
        lastFailedAtMs: thrownAtMs,
        hops: headers.retryable || headers.overwritten || headers.sets === 0 ? null : headers.sets,
      },
      {
        consumer: inDeadLetterHandler ? deadLetterConsumer(letter, headers, origin) : null,
        errorClass: error.leaf,
        message: error.leafMessage,
        // Counts anew when the exception's class changes.
        attempts: headers.retryable ? null : positive(int32Of(headers.deliveryAttempt)),
        // The recoverer does not copy the timestamp: the record was written when the message died.
        lastFailedAtMs: timeMsOf(letter.message.timestampMs),
      },
      headers.writtenAt,
    )
  },
}

/** The group of the last death. A later death that left the first one's headers as they were tells no group. */
function consumerOf(headers: SpringHeaders): string | null {
  return headers.overwritten ? null : nameOf(headers.group)
}

/**
 * `retry_topic-attempts` is the number of the next attempt, so one too high. A dead-letter handler that fails counts on, and then it says
 * nothing of any listener.
 */
function retryTopicAttempts(headers: SpringHeaders): number | null {
  const { attempts } = headers
  if (attempts === null) return null
  const next = attempts.byteLength === 1 ? attempts[0] : int32Of(attempts)
  return next === undefined || next === null || next > hardCap ? null : positive(next - 1)
}

/** Beyond it Spring starts again at 1. */
const hardCap = 32_767

function positive(number: number | null): number | null {
  return number !== null && number >= 1 ? number : null
}

const wrapper = 'org.springframework.kafka.listener.ListenerExecutionFailedException'
const deserialization = 'org.springframework.kafka.support.serializer.DeserializationException'

interface SpringError {
  readonly errorClass: string | null
  readonly message: string | null
  readonly leaf: string | null
  readonly leafMessage: string | null
}

/** The cause header is one level below the wrapper, so the stack decides; without a whole one only a class that never has a cause does. */
function errorOf(headers: SpringHeaders, stack: JavaStack | null): SpringError {
  const outerClass = textOf(headers.exceptionClass, caps.errorClass)
  const outerMessage = textOf(headers.message, caps.message)
  const innermost = stack?.innermost ?? null
  if (innermost === null) {
    const wrapped = outerClass === wrapper
    const leaf = leafClass(wrapped ? textOf(headers.causeClass, caps.errorClass) : outerClass)
    const leafMessage = leaf === null || outerMessage === null ? null : wrapped ? unwrapped(outerMessage) : outerMessage
    return { errorClass: null, message: null, leaf, leafMessage }
  }
  const text = stack?.single === true && outerMessage !== null ? outerMessage : innermost.message
  // A deserialisation error reaches the recoverer as a Java-serialised header, which loses where Jackson read from: the text is another one.
  const rebuilt = outerClass === deserialization && text?.includes('[Source: UNKNOWN;') === true
  const message = text === null || rebuilt ? null : cutEnd(text, caps.message)
  return { errorClass: innermost.errorClass, message, leaf: null, leafMessage: null }
}

/** `Listener failed; no stock`: the wrapper's message and the cause's. Before 3.0 the wrapper quotes all causes, and nothing tells where one ends. */
function unwrapped(message: string): string | null {
  for (const end of ['Listener failed; ', "' threw exception; "]) {
    const at = message.indexOf(end)
    if (at === 0 || (at > 0 && message.startsWith("Listener method '"))) {
      const rest = message.slice(at + end.length)
      return rest.startsWith('nested exception is ') ? null : rest
    }
  }
  return null
}

/** `corpus.Orders.handle` of `Listener method 'void corpus.Orders.handle(java.lang.String)' threw exception`, the innermost one. */
function failedListener(stack: string): string | null {
  const before = "Listener method '"
  const at = stack.lastIndexOf(before)
  if (at === -1) return null
  const signature = stack.slice(at + before.length, at + before.length + 1000)
  const parenthesis = signature.indexOf('(')
  return parenthesis === -1 ? null : signature.slice(signature.lastIndexOf(' ', parenthesis) + 1, parenthesis)
}

/**
 * A dead-letter handler that fails sends its letter to the topic it came from, and but for the failing method such a letter looks exactly
 * like one of the listener. The method is told by its name, as nothing else tells it.
 */
function handlesDeadLetters(listener: string): boolean {
  const parts = listener.split('.')
  const type = parts.at(-2) ?? ''
  return /dlt|dlq|dead(?!line|lock)/i.test(parts.at(-1) ?? '') || /dlt|dlq|dead.?letter/i.test(type)
}

/** The handler's group is the listener's with the suffix that the dead-letter topic has. */
function deadLetterConsumer({ place }: RawLetter, headers: SpringHeaders, origin: string | null): string | null {
  const group = consumerOf(headers)
  if (group === null || origin === null || place.length <= origin.length || !place.startsWith(origin)) return null
  return group + place.slice(origin.length)
}

/** Retry topics wrap what was thrown: `TimestampedException: Exception thrown at 2026-11-22T09:09:11.468509476Z`. */
function timestampOf(stack: string): number | null {
  const before = 'org.springframework.kafka.listener.TimestampedException: Exception thrown at '
  const at = stack.lastIndexOf(before)
  if (at === -1) return null
  const text = /^[0-9T:.-]{19,29}Z/.exec(stack.slice(at + before.length, at + before.length + 40))?.[0]
  return text === undefined ? null : timeMsOf(Date.parse(text))
}
