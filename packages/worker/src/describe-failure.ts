import { cutEnd, cutMiddle } from './cut-text.ts'
import type { FailureDescription } from './failure.ts'
import { read } from './guarded-read.ts'

const maxClassLength = 200
const maxMessageLength = 4000
const maxStackBytes = 32_768
const maxDepth = 8
/** Building the stack of an error copies its message; above this length that costs more than the stack is worth. */
const maxMessageLengthForStack = 1_000_000

interface Link {
  readonly errorClass: string
  readonly message: string
  readonly stack: string | null
}

/**
 * Describes whatever was thrown. Calls no method of it, reads each property once and guarded, cuts every text before anything
 * else is done with it, follows at most 8 causes (an `AggregateError` without a cause: its first error) and never throws.
 * A cause counts if it is a text or has a `message`; plain context objects in `cause` end the chain.
 */
export function describeFailure(thrown: unknown): FailureDescription {
  const links = chainOf(thrown)
  const [first] = links
  const last = links.findLast(({ message }) => message !== '')
  const root = links.at(-1)
  const stacked = links.some(({ stack }) => stack !== null)
  return {
    errorClass: first?.errorClass ?? 'unknown',
    rootClass: root?.errorClass ?? 'unknown',
    message: last?.message ?? '',
    stack: stacked ? cutMiddle(links.map(textOf).join('\nCaused by: '), maxStackBytes) : null,
  }
}

/** Something to describe and its `message`, which is read only once. */
interface Subject {
  readonly value: unknown
  readonly message: unknown
}

function chainOf(thrown: unknown): readonly Link[] {
  const links: Link[] = []
  const seen: unknown[] = []
  let current: Subject | null = { value: thrown, message: read(thrown, 'message') }
  while (current !== null && links.length <= maxDepth && !seen.includes(current.value)) {
    seen.push(current.value)
    links.push(linkOf(current))
    current = causeOf(current.value)
  }
  return links
}

function linkOf({ value, message }: Subject): Link {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    return { errorClass: value === null ? 'null' : typeof value, message: primitiveText(value), stack: null }
  }
  const readable = typeof message !== 'string' || message.length <= maxMessageLengthForStack
  const stack = readable ? read(value, 'stack') : undefined
  return {
    errorClass: classOf(value),
    message: primitiveText(message),
    stack: typeof stack === 'string' && stack !== '' ? cutMiddle(withoutOwnFrames(stack), maxStackBytes) : null,
  }
}

/**
 * How this library came to call the handler says nothing about the failure, and differs between a first call and a retry: with these
 * frames one bug would be several causes.
 */
function withoutOwnFrames(stack: string): string {
  const near = stack.length <= maxStackBytes ? stack : cutMiddle(stack, maxStackBytes)
  if (!near.includes(ownFolder)) return near
  return near
    .split('\n')
    .filter((line) => !(line.startsWith('    at ') && line.includes(ownFolder)))
    .join('\n')
}

/** Frames name it as a URL in modules of the same kind. */
const ownFolder: string = new URL('./worker/', import.meta.url).href

function classOf(value: object): string {
  const name = read(value, 'name')
  if (typeof name === 'string' && name !== '' && name !== 'Error') return cutEnd(name, maxClassLength)
  const constructorName = read(read(value, 'constructor'), 'name')
  if (typeof constructorName === 'string' && constructorName !== '') return cutEnd(constructorName, maxClassLength)
  return name === 'Error' ? name : typeof value
}

function causeOf(value: unknown): Subject | null {
  return subjectOf(read(value, 'cause')) ?? subjectOf(read(read(value, 'errors'), '0'))
}

function subjectOf(value: unknown): Subject | null {
  if (typeof value === 'string') return value === '' ? null : { value, message: undefined }
  const message = read(value, 'message')
  return typeof value === 'object' && typeof message === 'string' ? { value, message } : null
}

/** Text of what is a primitive; objects are not asked. */
function primitiveText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return cutEnd(value, maxMessageLength)
    case 'number':
    case 'boolean':
      return String(value)
    case 'bigint':
      // The digits of a huge one take quadratic time.
      return value < 2n ** 256n && value > -(2n ** 256n) ? String(value) : 'a bigint of more than 256 bits'
    case 'symbol':
      return cutEnd(value.description ?? '', maxMessageLength)
    default:
      return ''
  }
}

function textOf({ errorClass, message, stack }: Link): string {
  return stack ?? (message === '' ? errorClass : `${errorClass}: ${message}`)
}
