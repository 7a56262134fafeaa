import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Clock, type Message, systemClock } from '@redrive/worker'
import { type Capture, startCapture } from '../src/capture/index.ts'
import { defaultRetention, type RedactionConfig } from '../src/config/index.ts'
import { checkLedger } from '../src/ledger/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { passOnce } from '../src/retention/index.ts'
import type { Store } from '../src/store/store.ts'
import { foreignLetter, ourLetter } from '../src/testing/letters.ts'
import { type LogBroker, type LogBrokerOptions, logBroker } from '../src/testing/log-broker.ts'
import { openedStore, until } from '../src/testing/opened-store.ts'

const place = 'orders-dead-letter'
const standing: Clock = { now: () => Date.UTC(2026, 0, 1), monotonic: () => 0, sleep: systemClock.sleep }
const byPath: RedactionConfig = { rules: [{ path: '**.pin' }, { pattern: 'email' }] }

function capturing(context: TestContext, store: Store, broker: LogBroker, redaction = byPath): Capture {
  const capture = startCapture({
    ...{ store, broker, brokerName: 'main', consumer: 'redrive', clock: standing, redaction },
    source: { place, role: 'dead-letter' },
  })
  context.after(() => capture.stop({ timeoutMs: 1_000 }))
  return capture
}

const bodyOf = (pin: number): Buffer => Buffer.from(`{"pin":${pin}}`)
const ours = (n: number): Message => ourLetter(n, { body: bodyOf(n) })
const foreign = (n: number): Message => foreignLetter(bodyOf(n).toString())
const timed = (n: number, pin: number): Message => ({ ...foreign(pin), timestampMs: 1_700_000_000_000 + n })

async function counts(store: Store): Promise<readonly number[]> {
  const { rows } = await store.pool.query<{ n: number }>('select count(*)::int as n from letter')
  const { unaccounted, sources } = await checkLedger(store)
  assert.equal(unaccounted, 0)
  return [rows[0]?.n ?? 0, sources.reduce((sum, { duplicates }) => sum + duplicates, 0)]
}

const kinds: readonly (LogBrokerOptions & { readonly make: (n: number) => Message; readonly name: string })[] = [
  { name: 'a log with positions', kind: 'positions', make: ours },
  { name: 'a log with positions, foreign letters', kind: 'positions', make: foreign },
  { name: 'a queue with ids', kind: 'ids', make: foreign },
  { name: 'a queue without ids, our letters', kind: 'nothing', make: ours },
  { name: 'a queue without ids, foreign letters', kind: 'nothing', make: foreign },
]

for (const { name, make, ...options } of kinds) {
  test(`${name}: letters that differ only in what is redacted are each kept once`, async (context) => {
    const store = await openedStore(context)
    const broker = logBroker(options)
    broker.append(place, ...Array.from({ length: 20 }, (_, n) => make(n)))
    broker.loseAcks = true
    const capture = capturing(context, store, broker)
    await until(async () => (await counts(store))[0] === 20)
    await capture.stop()
    broker.loseAcks = false
    broker.append(place, make(100))
    // Of a log, where it was read to may be lost as well.
    await store.pool.query('update source_position set next_position = null')
    capturing(context, store, broker)
    await until(() => broker.acked.length >= 21)
    assert.deepEqual(await counts(store), [21, 20])
    const { rows } = await store.pool.query<{ body: string }>(
      `select distinct convert_from(body, 'UTF8') as body from letter_content`,
    )
    assert.deepEqual(rows, [{ body: '{"pin":"[redacted: path **.pin]"}' }])
  })
}

test('a log that was made anew: the time of messages tells apart what is left of them', async (context) => {
  const store = await openedStore(context)
  const again = async (redaction: RedactionConfig, ...messages: readonly Message[]): Promise<readonly number[]> => {
    await store.pool.query('update source_position set next_position = null')
    const broker = logBroker({ kind: 'positions' })
    broker.append(place, ...messages)
    const capture = capturing(context, store, broker, redaction)
    await until(() => broker.acked.length === messages.length)
    await capture.stop()
    return counts(store)
  }
  const none: RedactionConfig = { rules: [] }
  assert.deepEqual(await again(byPath, timed(1, 1111)), [1, 0])
  assert.deepEqual(await again(byPath, timed(2, 2222)), [2, 0], 'another message with the same rest is not lost')
  assert.deepEqual(await again(byPath, timed(2, 2222)), [2, 1], 'and is known when it comes again')
  assert.deepEqual(await again(none, timed(1, 1111)), [2, 2], 'also by other rules')
  assert.deepEqual(await again({ rules: [{ part: 'body' }] }, timed(1, 1111)), [2, 3])

  await discardLetters(store, { selection: { query: 'state:open' }, by: 'ann', reason: 'r', nowMs: Date.now() })
  await store.pool.query(`update letter set changed_at = now() - interval '31 d'`)
  await passOnce(store, { retention: defaultRetention, place: null, signal: context.signal })
  assert.deepEqual((await counts(store))[0], 0, 'deleted')
  assert.deepEqual(await again(byPath, timed(1, 1111)), [0, 4], 'what was deleted is known')
  assert.deepEqual(await again(byPath, timed(3, 3333)), [1, 4], 'another is not taken for it')
})

test('of a forged twin that differs only in what is redacted, both are kept', async (context) => {
  const store = await openedStore(context)
  const broker = logBroker({ kind: 'nothing', system: 'rabbitmq' })
  const twin = (pin: number): Message => ourLetter(1, { body: bodyOf(pin) })
  broker.append(place, twin(1), twin(1), twin(2))
  capturing(context, store, broker)
  await until(() => broker.acked.length === 3)
  assert.deepEqual(await counts(store), [2, 1])
})
