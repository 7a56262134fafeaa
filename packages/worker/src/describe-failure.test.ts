import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { describeFailure } from './describe-failure.ts'
import type { FailureDescription } from './failure.ts'

class OrderError extends Error {}
class NamedError extends Error {
  override name = 'InventoryUnavailable'
}

test('names the thrown class, the root class and the root message', () => {
  const root = new NamedError('no container left')
  const described = describeFailure(
    new OrderError('allocation failed', { cause: new Error('step 2', { cause: root }) }),
  )
  assert.equal(described.errorClass, 'OrderError')
  assert.equal(described.rootClass, 'InventoryUnavailable')
  assert.equal(described.message, 'no container left')
  assert.match(described.stack ?? '', /^Error: allocation failed\n {4}at /)
  assert.match(described.stack ?? '', /\nCaused by: Error: step 2\n {4}at .*\n/)
  assert.match(described.stack ?? '', /\nCaused by: (InventoryUnavailable|Error): no container left\n/)
})

test('an error without a cause is its own root', () => {
  const described = describeFailure(new TypeError('x is not a function'))
  assert.deepEqual(
    [described.errorClass, described.rootClass, described.message],
    ['TypeError', 'TypeError', 'x is not a function'],
  )
})

test('throwables that are no errors', () => {
  const cases: [unknown, string, string][] = [
    [null, 'null', ''],
    [undefined, 'undefined', ''],
    ['disk full', 'string', 'disk full'],
    [42, 'number', '42'],
    [10n ** 400n, 'bigint', 'a bigint of more than 256 bits'],
    [7n, 'bigint', '7'],
    [Symbol('gone'), 'symbol', 'gone'],
    [{ message: 'from an object' }, 'Object', 'from an object'],
    [Object.create(null), 'object', ''],
    [{ message: { toString: (): string => 'never called' } }, 'Object', ''],
  ]
  for (const [thrown, errorClass, message] of cases) {
    assert.deepEqual(describeFailure(thrown), { errorClass, rootClass: errorClass, message, stack: null })
  }
})

test('an AggregateError without a cause continues with its first error; its own cause wins', () => {
  const errors = [new NamedError('connect ::1'), new Error('connect 127.0.0.1')]
  assert.equal(describeFailure(new AggregateError(errors)).message, 'connect ::1')
  assert.equal(describeFailure(new AggregateError(errors, 'both', { cause: new Error('cable') })).message, 'cable')
  assert.equal(describeFailure(new AggregateError([], 'none')).message, 'none')
})

test('a text as cause counts, a context object does not, an empty message falls back to the next outer one', () => {
  const text = describeFailure(new Error('write', { cause: 'disk full' }))
  assert.deepEqual([text.rootClass, text.message], ['string', 'disk full'])
  assert.match(text.stack ?? '', /\nCaused by: string: disk full$/)
  const context = describeFailure(new OrderError('write', { cause: { orderId: 7 } }))
  assert.deepEqual([context.rootClass, context.message], ['OrderError', 'write'])
  assert.equal(describeFailure(new OrderError('write', { cause: '' })).rootClass, 'OrderError')
  const empty = describeFailure(new OrderError('write', { cause: new RangeError('') }))
  assert.deepEqual([empty.rootClass, empty.message], ['RangeError', 'write'])
})

test('causes end at a cycle and at the eighth', () => {
  const a = new Error('a')
  const b = new Error('b', { cause: a })
  a.cause = b
  assert.equal(describeFailure(b).message, 'a')
  let chain = new Error('0')
  for (let depth = 1; depth <= 20; depth += 1) chain = new Error(String(depth), { cause: chain })
  assert.equal(describeFailure(chain).message, '12')
})

test('each property is read once, and no method is called', () => {
  const reads = new Map<PropertyKey, number>()
  const calls: string[] = []
  const watched = (target: object): object =>
    new Proxy(target, {
      get(of, key): unknown {
        reads.set(key, (reads.get(key) ?? 0) + 1)
        return Reflect.get(of, key)
      },
    })
  const method = (name: string) => (): string => {
    calls.push(name)
    return name
  }
  const hostile = {
    message: 'm',
    name: 'N',
    toString: method('toString'),
    toJSON: method('toJSON'),
    valueOf: method('valueOf'),
  }
  const { stack: _, ...described } = describeFailure(new Error('outer', { cause: watched(hostile) }))
  assert.deepEqual(described, { errorClass: 'Error', rootClass: 'N', message: 'm' })
  assert.deepEqual(
    [...reads.values()].filter((count) => count !== 1),
    [],
  )
  assert.deepEqual(calls, [])
})

test('a message of 200 MB is cut before anything else is done with it', () => {
  const flat = Buffer.alloc(200_000_000, 'x').toString('latin1')
  // The platform makes the stack when it is first read, so each time needs an error of its own.
  const makeThrown = (): Error => new Error(flat, { cause: { message: 'm', stack: flat, name: flat } })
  const described = describeFailure(makeThrown())
  const tookMs = shortestMs(() => describeFailure(makeThrown()))
  assert.equal(described.message, 'm')
  assert.equal(described.rootClass.length, 200)
  assertCapped(described)
  assert.ok(tookMs < 50, `took ${tookMs} ms`)
  assert.equal(describeFailure(flat).message.length, 4000)
})

test('text that stores refuse is left out', () => {
  const described = describeFailure(Object.assign(new Error('a\u0000b\ud800c\u001bd\n'), { name: 'N\u0000' }))
  assert.deepEqual([described.errorClass, described.message], ['N', 'abcd\n'])
})

test('10,000 hostile throwables are described within their caps, in less than 50 ms each', () => {
  let slowest = 0
  fc.assert(
    fc.property(hostileThrowable, (make) => {
      const thrown = make()
      const started = performance.now()
      const described = describeFailure(thrown)
      const tookMs = performance.now() - started
      slowest = Math.max(slowest, tookMs < 50 ? tookMs : shortestMs(() => describeFailure(thrown)))
      assertCapped(described)
    }),
    { numRuns: 10_000 },
  )
  assert.ok(slowest < 50, `slowest ${slowest} ms`)
})

/** The shortest of three, so that a pause of the machine does not count. */
function shortestMs(run: () => unknown): number {
  const times = [0, 1, 2].map(() => {
    const started = performance.now()
    run()
    return performance.now() - started
  })
  return Math.min(...times)
}

function assertCapped({ errorClass, rootClass, message, stack }: FailureDescription): void {
  assert.ok(errorClass.length <= 200 && rootClass.length <= 200 && message.length <= 4000)
  assert.ok(stack === null || Buffer.byteLength(stack) <= 32_768)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
  for (const text of [errorClass, rootClass, message, stack ?? ''])
    assert.ok(text.isWellFormed() && !/\u0000/.test(text))
}

const throwing = (): never => {
  throw new Error('from a trap')
}
const endless = (): string => {
  for (;;);
}
const longText = fc
  .tuple(fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 20_000 }))
  .map(([unit, count]) => unit.repeat(count).slice(0, 200_000))
const text = fc.oneof(fc.string({ unit: 'binary' }), longText, fc.constantFrom('', '__proto__', '\ud800', '\u0000'))

/** Made behind a function, because the generator library touches what it generates. */
type Make = () => unknown

const { make: hostileThrowable } = fc.letrec<{ make: Make }>((tie) => ({
  make: fc.oneof(
    { depthSize: 'medium' },
    fc
      .oneof(fc.constantFrom<unknown>(null, undefined, Number.NaN, 10n ** 5000n, Symbol.iterator), text, fc.anything())
      .map((value) => (): unknown => value),
    fc.tuple(text, tie('make')).map(
      ([message, make]) =>
        (): unknown =>
          new Error(message, { cause: make() }),
    ),
    fc.tuple(text, tie('make')).map(
      ([name, make]) =>
        (): unknown =>
          Object.assign(new Error(name), { name, stack: name, cause: make() }),
    ),
    fc
      .array(tie('make'), { maxLength: 3 })
      .map((makes) => (): unknown => new AggregateError(makes.map((make) => make()))),
    fc.array(tie('make'), { minLength: 5, maxLength: 5 }).map((makes) => (): unknown => {
      const [message, name, stack, cause, errors] = makes.map((make) => make())
      return Object.assign(Object.create(null) as object, { message, name, stack, cause, errors })
    }),
    tie('make').map((make) => (): unknown => ({
      message: 'm',
      cause: make(),
      toString: endless,
      toJSON: endless,
      [Symbol.toPrimitive]: endless,
    })),
    fc
      .constantFrom('message', 'name', 'stack', 'cause', 'errors', 'constructor')
      .map((key) => (): unknown => Object.defineProperty(new Error('m'), key, { get: throwing })),
    tie('make').map((make) => (): unknown => new Proxy(new Error('p'), { get: make, getPrototypeOf: throwing })),
    fc.constant((): unknown => new Proxy(new Error('p'), { get: throwing, has: throwing, ownKeys: throwing })),
    fc.constant((): unknown => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    }),
    fc.constant((): unknown => {
      const self = new Error('cycle')
      self.cause = new AggregateError([self])
      return self
    }),
    fc.constant((): unknown => new Proxy({}, { get: (_, __, receiver): unknown => receiver })),
  ),
}))

test('frames of the library itself are left out of the stack', () => {
  const own = new URL('./worker/attempt.ts', import.meta.url).href
  const error = new TypeError('boom')
  error.stack = `TypeError: boom\n    at handle (file:///app/orders.js:3:7)\n    at async run (${own}:61:5)\n    at async next (file:///app/main.js:9:1)`
  assert.equal(
    describeFailure(error).stack,
    'TypeError: boom\n    at handle (file:///app/orders.js:3:7)\n    at async next (file:///app/main.js:9:1)',
  )
})
