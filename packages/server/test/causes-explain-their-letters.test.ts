import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Message } from '@redrive/worker'
import { type CaptureEvent, startCapture } from '../src/capture/index.ts'
import { listCauses, showCause } from '../src/causes/index.ts'
import type { Store } from '../src/store/store.ts'
import { foreignLetter, ourLetter } from '../src/testing/letters.ts'
import { logBroker } from '../src/testing/log-broker.ts'
import { openedStore, until } from '../src/testing/opened-store.ts'

async function captured(store: Store, messages: readonly Message[], place = 'dead'): Promise<readonly CaptureEvent[]> {
  const broker = logBroker({ kind: 'ids' })
  const events: CaptureEvent[] = []
  broker.append(place, ...messages)
  const source = { place: `${place}-${randomUUID()}`, role: 'dead-letter' } as const
  broker.append(source.place, ...messages)
  const capture = startCapture({
    store,
    broker,
    brokerName: 'main',
    source,
    consumer: 'redrive',
    onEvent: (event) => events.push(event),
  })
  await until(() => broker.acked.length === messages.length)
  await capture.stop()
  return events
}

const stack = (n: number): string =>
  `InventoryError: no slot for order ${n}\n    at reserve (/app/src/reserve.ts:${n}:5)\n    at handle (/app/src/handler.ts:20:9)`

test('letters that died alike share a cause that says why, when, where', async (context) => {
  const store = await openedStore(context)
  const letters = Array.from({ length: 30 }, (_, n) =>
    ourLetter(n, {
      stack: stack(n),
      worker: { service: 'reefer', release: n < 20 ? '1.0.0' : '1.1.0', host: `host-${n % 3}` },
      lastFailedAtMs: Date.UTC(2026, 0, 1, n < 12 ? 10 : 11, n),
    }),
  )
  const other = ourLetter(99, {
    stack: null,
    failure: { errorClass: 'SyntaxError', rootClass: 'SyntaxError', message: 'bad' },
    tier: 'malformed',
  })
  const events = await captured(store, [...letters, other])
  assert.deepEqual(events.flatMap((event) => (event.kind === 'cause' ? [event.title] : [])).toSorted(), [
    'InventoryError: no slot for order <n>',
    'SyntaxError: bad',
  ])
  const { causes } = await listCauses(store, { queue: 'orders', tier: 'transient' })
  assert.deepEqual(
    causes.map(({ title, letters, open, state, queue }) => ({ title, letters, open, state, queue })),
    [{ title: 'InventoryError: no slot for order <n>', letters: 30, open: 30, state: 'new', queue: 'orders' }],
  )
  const cause = await showCause(store, causes[0]?.id ?? '')
  assert.equal(cause.why.basis, 'frames')
  assert.deepEqual((cause.why.parts as { frames: unknown }).frames, ['reserve#reserve', 'handler#handle'])
  assert.deepEqual(cause.states, { open: 30 })
  assert.deepEqual(
    cause.hours.map(({ hour, letters }) => [hour.toISOString(), letters]),
    [
      ['2026-01-01T10:00:00.000Z', 12],
      ['2026-01-01T11:00:00.000Z', 18],
    ],
  )
  assert.deepEqual(
    cause.releases.map(({ value, letters }) => [value, letters]),
    [
      ['1.0.0', 20],
      ['1.1.0', 10],
    ],
  )
  assert.deepEqual(
    cause.hosts.map(({ letters }) => letters),
    [10, 10, 10],
  )
  assert.equal(cause.samples.length, 5)
  assert.deepEqual(
    [cause.firstSeen.toISOString(), cause.lastSeen.toISOString()],
    ['2026-01-01T10:00:00.000Z', '2026-01-01T11:29:00.000Z'],
  )
})

test('a letter whose stack was lost joins the only cause it fits, in a later process too', async (context) => {
  const store = await openedStore(context)
  await captured(store, [ourLetter(1, { stack: stack(1) })])
  await captured(store, [ourLetter(2, { stack: null })])
  const { causes } = await listCauses(store)
  assert.deepEqual(
    causes.map(({ letters }) => letters),
    [2],
  )
})

test('values of a facet beyond thirty are counted together', async (context) => {
  const store = await openedStore(context)
  const from = (first: number, count: number): Message[] =>
    Array.from({ length: count }, (_, n) =>
      ourLetter(first + n, { stack: stack(first + n), worker: { service: 's', release: null, host: `h${first + n}` } }),
    )
  await captured(store, from(0, 20))
  await captured(
    store,
    from(0, 30).map((letter) => ({ ...letter, key: Buffer.from('again') })),
  )
  await captured(store, from(20, 20))
  const { causes } = await listCauses(store)
  const { hosts } = await showCause(store, causes[0]?.id ?? '')
  assert.deepEqual(
    [causes[0]?.letters, hosts.length, hosts.reduce((sum, { letters }) => sum + letters, 0)],
    [70, 31, 70],
  )
  assert.equal(hosts.find(({ value }) => value === null)?.letters, 10)
})

test('letters of the same words in two queues, and of no words at all, have causes of their own', async (context) => {
  const store = await openedStore(context)
  await captured(store, [ourLetter(1), foreignLetter('a'), foreignLetter('b')])
  await captured(store, [ourLetter(1, { origin: { ...ourOrigin, place: 'invoices' } })])
  const { causes } = await listCauses(store)
  assert.equal(new Set(causes.map(({ queue }) => queue)).size, 3)
  assert.deepEqual(causes.map(({ letters }) => letters).toSorted(), [1, 1, 2])
})

test('pages of causes hold each cause once, also when many were seen at the same instant', async (context) => {
  const store = await openedStore(context)
  const at = Date.UTC(2026, 0, 1)
  const kinds = 'abcdefghijklmnopqrstuvw'.split('')
  await captured(
    store,
    kinds.map((kind, n) =>
      ourLetter(n, {
        stack: null,
        lastFailedAtMs: at,
        failure: {
          errorClass: `${kind.toUpperCase()}Error`,
          rootClass: `${kind.toUpperCase()}Error`,
          message: kind.repeat(6),
        },
      }),
    ),
  )
  const seen: string[] = []
  let cursor: string | null | undefined
  do {
    const page = await listCauses(store, { limit: 5, ...(cursor ? { cursor } : {}) })
    seen.push(...page.causes.map(({ id }) => id))
    cursor = page.next
  } while (cursor !== null)
  assert.deepEqual([seen.length, new Set(seen).size], [kinds.length, kinds.length])
  await assert.rejects(listCauses(store, { cursor: 'bm90IG9uZQ' }), { code: 'REQUEST_INVALID' })
  await assert.rejects(showCause(store, 'c_0000000000000'), { code: 'NOT_FOUND' })
})

const ourOrigin = {
  system: 'memory',
  place: 'orders',
  consumer: 'reefer',
  partition: null,
  position: null,
  nativeId: null,
  timestampMs: null,
}
