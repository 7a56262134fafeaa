import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NamingRule } from '../src/config/index.ts'
import { maskingOff } from '../src/masking/index.ts'
import { releaseHeld } from '../src/replay/release-held.ts'
import { showLetterId } from '../src/store/ids.ts'
import { ourLetter } from '../src/testing/letters.ts'
import { api } from './api-bed.ts'
import { commandLine } from './command-line.ts'
import { until } from './office-bed.ts'

const rules: readonly NamingRule[] = [
  { path: '**.email' },
  { pattern: 'email' },
  { header: 'x-customer' },
  { part: 'key', queues: ['secret-*'] },
]
const ann = { by: 'ann', reason: 'ticket 17' }

test('a letter of which only error text was redacted is replayed byte for byte', async (t) => {
  const { bed } = await api(t, { redaction: { rules }, masking: maskingOff })
  const body = '{ "n":9007199254740993,"big": 1e400 }'
  const headers = [{ name: 'trace', value: Buffer.from([0, 0, 0, 7]) }]
  const [id = ''] = await bed.captured({ body, key: 'order 7', headers, error: 'refused ann@example.com' })
  const { rows } = await bed.store.pool.query('select message, redacted from letter_content')
  assert.deepEqual(rows, [{ message: 'refused [redacted: email]', redacted: ['email in error'] }])
  bed.replayer()
  const run = await bed.replayed({ letters: [showLetterId(id)] }, { destination: 'origin' })
  assert.equal(run.sends.sent, 1)
  const [sent] = bed.messages('orders')
  assert.equal(Buffer.from(sent?.body ?? '').toString(), body)
  assert.equal(Buffer.from(sent?.key ?? '').toString(), 'order 7')
  assert.deepEqual(Buffer.from(sent?.headers.find(({ name }) => name === 'trace')?.value ?? ''), headers[0]?.value)
})

test('a letter that lost something of what is sent stays here until somebody wrote all of it', async (t) => {
  const { bed, call, url, token } = await api(t, { redaction: { rules }, masking: maskingOff })
  const [id = '', other = ''] = (
    await bed.captured(
      {
        body: '{"n":9007199254740993,"email":"ann@example.com"}',
        key: 'bob@example.com',
        headers: [{ name: 'x-customer', value: Buffer.from('Ann') }],
        error: 'no slot for ann@example.com',
      },
      { body: '{"n":1}', key: 'x' },
    )
  ).map(showLetterId)
  const skipped = async (): Promise<unknown> => {
    const plan = await bed.plan({ letters: [id, other] }, { destination: 'origin' })
    return [plan.letters, plan.skipped]
  }
  const edit = (change: object) => call('POST', `/api/v1/letters/${id}/versions`, { body: { ...change, ...ann } })
  assert.deepEqual(await skipped(), [1, { redacted: 1 }])

  const cli = commandLine({ url, token })
  const shown = await cli('letter', 'show', id)
  assert.match(
    shown.err,
    /Never kept: email in key, path \*\*\.email in body, header x-customer in headers, email in error\. It is replayed once somebody wrote what is missing: redrive letter edit l_/,
  )
  assert.ok(shown.out.includes('[redacted: email]'), shown.out)
  const { redacted } = (await call('GET', `/api/v1/letters/${id}`)).json as { redacted: string[] }
  assert.equal(redacted.length, 4)
  assert.deepEqual((await call('GET', `/api/v1/letters/${other}`)).json['redacted'], [])
  const planned = await cli('replay', 'plan', `letter:${id}`)
  assert.match(planned.out + planned.err, /something of them was never kept/)

  const copied = await edit({ patch: '[{"op":"set","path":"/to","value":"[redacted: path **.email]"}]' })
  assert.equal(copied.status, 201, 'a mark that it has already')
  const strange = await edit({ patch: '[{"op":"set","path":"/to","value":"[redacted: iban]"}]' })
  assert.equal(strange.status, 422, 'a mark of another letter')
  assert.deepEqual(await skipped(), [1, { redacted: 1 }])
  const body = '{"n":9007199254740993,"email":"ann@example.org"}'
  for (const change of [
    { headers: [{ op: 'set', name: 'x-customer', value: { text: 'Bob' } }] },
    { body: { text: body } },
    { key: { text: 'bob' } },
  ]) {
    assert.deepEqual(await skipped(), [1, { redacted: 1 }], `before ${JSON.stringify(change)}`)
    const { status, json } = await edit(change)
    assert.equal(status, 201, JSON.stringify(json))
  }
  assert.deepEqual(await skipped(), [2, {}])
  bed.replayer()
  const run = await bed.replayed({ letters: [id] }, { destination: 'origin' })
  assert.equal(run.sends.sent, 1)
  assert.equal(Buffer.from(bed.messages('orders')[0]?.body ?? '').toString(), body)
  await bed.balanced()
})

test('reverting to what was captured takes the letter out of plans again', async (t) => {
  const { bed, call } = await api(t, { redaction: { rules }, masking: maskingOff })
  const [id = ''] = (await bed.captured({ body: '{"email":"ann@example.com"}' })).map(showLetterId)
  const letter = `/api/v1/letters/${id}`
  const partly = { patch: '[{"op":"set","path":"/n","value":1}]', ...ann }
  assert.equal((await call('POST', `${letter}/versions`, { body: partly })).status, 201)
  const plan = await bed.plan({ letters: [id] }, { destination: 'origin' })
  assert.deepEqual(plan.skipped, { redacted: 1 }, 'a mark is left in its body')
  const edited = { body: { text: '{}' }, ...ann }
  assert.equal((await call('POST', `${letter}/versions`, { body: edited })).status, 201)
  assert.deepEqual((await bed.plan({ letters: [id] }, { destination: 'origin' })).skipped, {})
  assert.equal((await call('POST', `${letter}/revert`, { body: { to: 0, ...ann } })).status, 200)
  assert.deepEqual((await bed.plan({ letters: [id] }, { destination: 'origin' })).skipped, { redacted: 1 })
})

test('nothing is released from behind a held letter that lost something', async (t) => {
  const { bed, call } = await api(t, { redaction: { rules }, masking: maskingOff })
  const place = (at: number) => ({ key: 'k'.repeat(22), at, behind: null })
  const bodies = ['{"n":1}', '{"email":"ann@example.com"}', '{"n":3}']
  const messages = bodies.map((body, at) =>
    ourLetter(at, { reason: 'held', line: place(at), body: Buffer.from(body), stack: null }),
  )
  await bed.broker.send(
    'orders-dead-letter',
    messages.map((message) => ({ message })),
  )
  const idOf = await until('they are captured', async () => {
    const { rows } = await bed.store.pool.query<{ id: string; wire_id: string }>(
      'select id, wire_id from letter_content',
    )
    return rows.length < 3 ? undefined : new Map(rows.map(({ id, wire_id }) => [wire_id, showLetterId(id)]))
  })
  const released = async (): Promise<readonly unknown[]> => {
    await bed.store.pool.query('update key_line set look_at = now()')
    const { letters = 0 } = (await releaseHeld(bed.store, { brokers: bed.brokers, nowMs: Date.now() })) ?? {}
    const { rows } = await bed.store.pool.query<{ n: number }>('select count(*)::int as n from plan')
    return [letters, rows[0]?.n]
  }
  assert.deepEqual(await released(), [1, 1])
  await bed.store.pool.query(`update letter set state = 'discarded' where state = 'replaying'`)
  await bed.store.pool.query('update key_line set stride = 2')
  assert.deepEqual(await released(), [0, 1], 'and no plan is made of it again and again')
  const change = { body: { text: '{}' }, ...ann }
  const { status } = await call('POST', `/api/v1/letters/${idOf.get('wire-1')}/versions`, { body: change })
  assert.equal(status, 201)
  assert.deepEqual(await released(), [2, 2])
})

test('rules hold for their queues, by the place a letter came from and by the one it lies in', async (t) => {
  const { bed } = await api(t, {
    redaction: {
      rules: [
        { part: 'key', queues: ['secret-*'] },
        { part: 'body', queues: ['orders-dead-letter'] },
      ],
    },
  })
  await bed.captured({ key: 'ann', body: 'one', queue: 'secret-orders' }, { key: 'bob', body: 'two' })
  const { rows } = await bed.store.pool.query<{ key: Buffer; body: Buffer; redacted: string[] }>(
    'select key, body, redacted from letter_content order by id',
  )
  assert.deepEqual(
    rows.map(({ key, body, redacted }) => [key.toString(), body.toString(), redacted]),
    [
      ['[redacted: key]', '[redacted: body]', ['key in key', 'body in body']],
      ['bob', '[redacted: body]', ['body in body']],
    ],
  )
})
