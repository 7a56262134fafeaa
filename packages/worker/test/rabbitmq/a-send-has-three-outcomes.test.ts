import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { messageOf, until } from '../steps.ts'
import { prefixFor, proxyTo, rabbitmqUrl, removeQueues, through, wire } from './server.ts'
import { bareChannel, drain } from './steps.ts'

const prefix = prefixFor('outcomes')
const places = ['there', 'full', 'muted', 'deaf', 'hole'].map((name) => `${prefix}-${name}`)
const [there = '', full = '', muted = '', deaf = '', hole = ''] = places
after(() => removeQueues(rabbitmqUrl(), places))

test('what no queue takes is not sent, and the others of its time are', async () => {
  const { broker } = wire(rabbitmqUrl())
  await broker.prepare([{ place: there, role: 'lane' }])
  const missing = `${prefix}-missing`
  const same = messageOf('the same content')
  const [toMissing, toThere, mixed] = await Promise.all([
    broker.send(missing, [{ message: same }, { message: messageOf('other') }]),
    broker.send(there, [{ message: same }]),
    broker.send(there, [
      { message: messageOf('x') },
      { message: { ...same, headers: [{ name: 'a'.repeat(256), value: null }] } },
    ]),
  ])
  assert.deepEqual(
    toMissing.map(({ kind }) => kind),
    ['not-sent', 'not-sent'],
  )
  assert.match(toMissing[0]?.kind === 'not-sent' ? toMissing[0].reason : '', /no queue/)
  assert.deepEqual(toThere, [{ kind: 'sent' }])
  assert.deepEqual(
    mixed.map(({ kind }) => kind),
    ['sent', 'not-sent'],
    'a header that cannot be written hurts nobody else',
  )
  assert.equal((await drain(rabbitmqUrl(), there)).length, 2)
  await broker.close()
})

test('what the broker refuses is not sent and may be tried again', async () => {
  const url = rabbitmqUrl()
  const channel = await bareChannel(url)
  await channel.assertQueue(full, { arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' } })
  await channel.end()
  const { broker } = wire(url)
  await broker.prepare([{ place: full, role: 'lane' }])
  const results: string[] = []
  for (let n = 0; n < 5; n++) {
    const [result] = await broker.send(full, [{ message: messageOf(`${n}`) }])
    results.push(result?.kind === 'not-sent' && result.retryable ? 'refused' : (result?.kind ?? 'none'))
  }
  assert.deepEqual([...new Set(results)], ['sent', 'refused'])
  await broker.close()
  assert.equal((await drain(url, full)).length, results.filter((result) => result === 'sent').length)
})

for (const [name, place, mode, arrives] of [
  ['cut after the broker has it', muted, 'mute', 1],
  ['cut before the broker has it', deaf, 'deaf', 0],
] as const) {
  test(`${name}, it is uncertain`, async () => {
    const url = rabbitmqUrl()
    const proxy = await proxyTo(url)
    const { broker } = wire(through(url, proxy))
    await broker.prepare([{ place, role: 'lane' }])
    assert.deepEqual(await broker.send(place, [{ message: messageOf('before') }]), [{ kind: 'sent' }])
    proxy.mode = mode
    const left = mode === 'mute' ? proxy.answered(1) : proxy.sent(1)
    const sending = broker.send(place, [{ message: messageOf('cut') }])
    await left
    proxy.cut()
    assert.equal((await sending)[0]?.kind, 'uncertain')
    proxy.mode = 'open'
    assert.deepEqual(
      await broker.send(place, [{ message: messageOf('after') }]),
      [{ kind: 'sent' }],
      'it goes on by itself',
    )
    await broker.close()
    await proxy.close()
    const bodies = (await drain(url, place)).map(({ content }) => content.toString())
    assert.equal(bodies.filter((body) => body === 'cut').length, arrives)
  })
}

test('without an answer it is uncertain after the timeout, without a connection it is not sent', async () => {
  const url = rabbitmqUrl()
  const proxy = await proxyTo(url)
  const { broker } = wire(through(url, proxy), { confirmTimeoutMs: 400, connectTimeoutMs: 400 })
  await broker.prepare([{ place: hole, role: 'lane' }])
  await broker.send(hole, [{ message: messageOf('before') }])
  proxy.mode = 'blackhole'
  assert.deepEqual(await broker.send(hole, [{ message: messageOf('lost') }]), [
    { kind: 'uncertain', reason: 'no answer within 400 ms' },
  ])
  const [unanswered] = await broker.send(hole, [{ message: messageOf('never') }])
  assert.ok(
    unanswered?.kind === 'not-sent' && unanswered.retryable,
    'a handshake that is not answered has sent nothing',
  )
  proxy.isRefusing = true
  proxy.cut()
  const [refused] = await broker.send(hole, [{ message: messageOf('never') }])
  assert.ok(refused?.kind === 'not-sent' && refused.retryable)
  proxy.isRefusing = false
  proxy.mode = 'open'
  await until(
    'sent again',
    async () => (await broker.send(hole, [{ message: messageOf('after') }]))[0]?.kind === 'sent',
  )
  await broker.close()
  await proxy.close()
  const bodies = (await drain(url, hole)).map(({ content }) => content.toString())
  assert.ok(!bodies.includes('never'))
})
