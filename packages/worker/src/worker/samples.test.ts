import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '../message.ts'
import { samplesOf } from './samples.ts'
import { type SampleSettings, trafficSettings } from './traffic-options.ts'

const messageOf = (parts: Partial<Message> = {}): Message => ({
  key: null,
  body: Buffer.from('{}'),
  headers: [],
  ...parts,
})
const settings: SampleSettings = { perMinute: 20, headers: [], bodies: false }

/** As the worker does for each message that it handled. */
function handle(samples: ReturnType<typeof samplesOf>, message: Message, partition = '0'): void {
  if (--samples.left < 0) samples.take(message, partition)
}

/** Numbers from 0 to below 1, always the same ones. */
function chances(): () => number {
  let state = 7
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

test('each message has the same chance, the first as the last', () => {
  const samples = samplesOf({ ...settings, perMinute: 5 }, chances())
  const taken = Array.from({ length: 50 }, () => 0)
  const rounds = 4_000
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < 50; n++) handle(samples, messageOf(), String(n))
    const drained = samples.drain()
    assert.equal(drained.length, 5)
    for (const { partition } of drained) taken[Number(partition)] = (taken[Number(partition)] ?? 0) + 1
  }
  // 400 each; five deviations are 95.
  for (const [n, times] of taken.entries()) assert.ok(Math.abs(times - 400) < 95, `${n}: ${times}`)
})

test('fewer than are wanted are all told, and each minute begins anew', () => {
  const samples = samplesOf(settings)
  for (const partition of ['a', 'b', 'c']) handle(samples, messageOf(), partition)
  assert.deepEqual(
    samples.drain().map(({ partition }) => partition),
    ['a', 'b', 'c'],
  )
  assert.deepEqual(samples.drain(), [])
  for (let n = 0; n < 100_000; n++) handle(samples, messageOf())
  assert.equal(samples.drain().length, 20)
  handle(samples, messageOf(), 'z')
  assert.deepEqual(samples.drain(), [{ partition: 'z', headers: [], body: null }])
})

const headers = [
  { name: 'Tenant', value: Buffer.from('acme') },
  { name: 'secret', value: Buffer.from('hunter2') },
  { name: 'none', value: null },
  { name: 'raw', value: Buffer.from([255]) },
  { name: 'x'.repeat(121), value: null },
]

test('values are told of chosen headers alone, bodies of none', () => {
  const of = (options: Partial<SampleSettings>, message: Message) => {
    const samples = samplesOf({ ...settings, ...options })
    handle(samples, message)
    return samples.drain()[0]
  }
  const message = messageOf({ headers, body: Buffer.from('hunter2') })
  const plain = of({}, message)
  assert.deepEqual(plain, { partition: '0', headers: [['Tenant'], ['secret'], ['none'], ['raw']], body: null })
  const chosen = of({ headers: ['tenant', 'NONE', 'raw'] }, message)
  assert.deepEqual(chosen?.headers, [['Tenant', 'acme'], ['secret'], ['none', null], ['raw']])
  assert.equal(of({ bodies: true }, message)?.body, 'hunter2')
  assert.equal(of({ bodies: true }, messageOf({ body: Buffer.alloc(4_097, 32) }))?.body, null)
  assert.equal(of({ bodies: true }, messageOf({ body: Buffer.from([255]) }))?.body, null)
  assert.equal(of({ bodies: true }, messageOf({ body: null }))?.body, null)
  const long = messageOf({ headers: [{ name: 't', value: Buffer.from('é'.repeat(500)) }] })
  assert.deepEqual(of({ headers: ['t'] }, long)?.headers, [['t', 'é'.repeat(200)]])
  const many = messageOf({ headers: Array.from({ length: 51 }, () => ({ name: 'a', value: null })) })
  assert.equal(of({}, many)?.headers, null)
})

test('what is told of one minute is bounded in bytes', () => {
  const samples = samplesOf({ ...settings, perMinute: 100, bodies: true })
  for (let n = 0; n < 100; n++) handle(samples, messageOf({ body: Buffer.alloc(4_000, '\\') }))
  const drained = samples.drain()
  assert.ok(drained.length > 0 && Buffer.byteLength(JSON.stringify(drained)) <= 33_000, String(drained.length))
})

test('options are checked and completed', () => {
  assert.deepEqual(trafficSettings(true), { samples: settings })
  assert.deepEqual(trafficSettings({}), { samples: settings })
  assert.deepEqual(trafficSettings({ samples: { headers: ['tenant'] } }), {
    samples: { ...settings, headers: ['tenant'] },
  })
  assert.deepEqual(trafficSettings({ samples: false }), { samples: null })
  assert.equal(trafficSettings(false), null)
  const wrong: readonly unknown[] = [
    'yes',
    null,
    { samples: 3 },
    { samples: { perMinute: 0 } },
    { samples: { perMinute: 101 } },
    { samples: { perMinute: 1.5 } },
    { samples: { headers: 'tenant' } },
    { samples: { headers: [1] } },
    { samples: { headers: Array.from({ length: 51 }, () => 'a') } },
    { samples: { bodies: 'yes' } },
  ]
  for (const options of wrong)
    assert.throws(() => trafficSettings(options as never), { code: 'OPTION_INVALID' }, JSON.stringify(options))
})
