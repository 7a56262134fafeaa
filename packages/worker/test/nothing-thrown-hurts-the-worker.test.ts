import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constant } from '../src/backoff.ts'
import { bed, stop, textOf } from './bed.ts'

const cyclic = new Error('cyclic')
cyclic.cause = cyclic

const hostile: Readonly<Record<string, () => unknown>> = {
  null: () => null,
  undefined: () => undefined,
  symbol: () => Symbol('x'),
  'throwing getters': () =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        ['message', 'name', 'stack', 'cause', 'code', 'kind', 'constructor'].map((key) => [
          key,
          { get: () => hostile['null']?.() ?? fail() },
        ]),
      ),
    ),
  'a revoked proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  },
  cyclic: () => cyclic,
  'a huge message': () => new Error('x'.repeat(200 * 1024 * 1024)),
  'NUL and half a pair': () => new Error('\u0000\ud800'),
  'a function': () => fail,
}

function fail(): never {
  throw new Error('a getter of the user')
}

test('whatever a handler throws, its message dies and the next one is handled', async () => {
  const on = bed()
  let handled = 0
  const worker = await on.worker({
    retry: { maxAttempts: 1, backoff: constant(0) },
    handle(message) {
      const make = hostile[textOf(message)]
      if (make === undefined) return void handled++
      throw make()
    },
  })
  for (const [at, what] of Object.keys(hostile).entries()) {
    await on.send(what, 'good')
    await on.until(`${what} died`, () => on.letters().length === at + 1 && handled === at + 1)
    const letter = on.letters()[at]
    assert.equal(letter?.body, what)
    assert.notEqual(letter.wire, null, 'with a wire')
    assert.ok((letter.wire?.failure?.message.length ?? 0) <= 4_000)
  }
  await stop(on, worker)
})

test('whatever a handler returns is handled or an outcome', async () => {
  const on = bed()
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const values: readonly unknown[] = [
    0,
    '',
    null,
    {},
    [],
    new Error('returned'),
    { kind: 'unheard of' },
    { kind: 'retry', delayMs: 'soon' },
    proxy,
  ]
  const worker = await on.worker({ handle: (message) => values[Number(textOf(message))] })
  await on.send(...values.map((_, n) => String(n)))
  await on.until('all left', () => on.depth('orders') + on.depth('orders-retries-reefer') === 0)
  const { handled, died } = worker.health().counters
  // A revoked proxy cannot even be resolved, so it is a failure of unknown kind.
  assert.equal(handled + died, values.length)
  assert.ok(handled >= values.length - 1)
  await stop(on, worker)
})

test('rules, backoffs and listeners that throw are passed over', async () => {
  const on = bed()
  const worker = await on.worker({
    classify: [fail],
    retry: { maxAttempts: 2, backoff: { delayMs: fail } },
    handle: fail,
  })
  let told = 0
  for (const event of ['retried', 'died', 'trouble', 'paused'] as const) worker.on(event, fail)
  worker.on('died', async () => {
    told++
    throw new Error('rejects')
  })
  const forget = worker.on('died', () => {
    told += 100
  })
  forget()
  await on.send('x')
  await on.until('it died', () => on.letters().length === 1 && on.depth('orders-retries-reefer') === 0)
  assert.equal(on.letters()[0]?.wire?.attempts, 2)
  assert.equal(told, 1)
  await stop(on, worker)
})

test('an option that throws where it must not costs neither message nor worker', async () => {
  const on = bed()
  let isBroken = true
  const troubles: string[] = []
  const worker = await on.worker({
    random: () => (isBroken ? fail() : 0.5),
    retry: { maxAttempts: 2, backoff: { delayMs: (_attempt, _previousMs, random) => random() } },
    handle: fail,
  })
  worker.on('trouble', ({ message }) => troubles.push(message))
  await on.send('x')
  await on.until('it is told', () => troubles.length > 2)
  assert.equal(on.depth('orders'), 1)
  isBroken = false
  await on.until('it died', () => on.letters().length === 1)
  await stop(on, worker)
})

test('a subscription that fails for a while is got over', async () => {
  const on = bed()
  const inner = on.broker()
  let failures = 0
  const broker = {
    ...inner,
    async receive(...args: Parameters<typeof inner.receive>) {
      const subscription = await inner.receive(...args)
      return {
        ...subscription,
        next: (options: { maxMessages: number; waitMs: number }) =>
          failures++ < 20 ? Promise.reject(new Error('cut')) : subscription.next(options),
      }
    },
  }
  const troubles: string[] = []
  let handled = 0
  const worker = await on.worker({ broker, handle: () => void handled++ })
  worker.on('trouble', ({ message }) => troubles.push(message))
  await on.send('x')
  await on.until('handled', () => handled === 1)
  assert.ok(troubles.some((message) => message.includes('cannot read "orders"')))
  await stop(on, worker)
})
