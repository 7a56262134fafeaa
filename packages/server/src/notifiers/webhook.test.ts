import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { httpReceiver } from '../testing/http-receiver.ts'
import { noticeOf } from '../testing/notice.ts'
import { logLine } from './log.ts'
import { webhookNotifier } from './webhook.ts'

const secret = `whsec_${Buffer.alloc(32, 'k').toString('base64')}`
const notice = noticeOf()

async function receiver(
  t: TestContext,
  answer: { readonly status: number; readonly headers?: Record<string, string> },
) {
  const { url, got, host } = await httpReceiver(t, { ...answer, body: 'x'.repeat(100_000) })
  const notifier = webhookNotifier('hook', { url: `${url}/secret-path?token=secret`, secret, perMinute: 60 })
  return { got, host, notifier }
}

test('a receiver that knows the secret can tell that a notice is ours and whole', async (t) => {
  const { got, notifier } = await receiver(t, { status: 204 })
  assert.deepEqual(await notifier.deliver({ key: 'k-1', notice }, new AbortController().signal), { kind: 'delivered' })
  const { body = '', headers = {} } = got[0] ?? {}
  assert.equal(got.length, 1)
  assert.equal(headers['webhook-id'], 'k-1')
  assert.ok(Math.abs(Date.now() / 1_000 - Number(headers['webhook-timestamp'])) < 60)
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const right = createHmac('sha256', Buffer.alloc(32, 'k')).update(signed).digest('base64')
  assert.equal(headers['webhook-signature'], `v1,${right}`)
  assert.deepEqual(JSON.parse(body), { type: 'alert.raised', timestamp: notice.at, data: notice })
})

for (const [status, kind] of [
  [302, 'later'],
  [308, 'later'],
  [400, 'refused'],
  [401, 'later'],
  [404, 'later'],
  [405, 'later'],
  [409, 'refused'],
  [413, 'refused'],
  [415, 'later'],
  [422, 'refused'],
  [429, 'later'],
  [503, 'later'],
] as const)
  test(`an answer of ${status} means ${kind}, and the reason names the host alone`, async (t) => {
    const { got, host, notifier } = await receiver(t, { status, headers: { location: '/elsewhere' } })
    const delivered = await notifier.deliver({ key: 'k', notice }, new AbortController().signal)
    assert.deepEqual(delivered, { kind, reason: `${host} answered ${status}` })
    assert.equal(got.length, 1, 'a redirect is not followed')
  })

test('who asks for a rest gets it, up to an hour', async (t) => {
  for (const [asked, afterMs] of [
    ['7', 7_000],
    ['86400', 3_600_000],
  ] as const) {
    const { notifier } = await receiver(t, { status: 429, headers: { 'retry-after': asked } })
    const delivered = await notifier.deliver({ key: 'k', notice }, new AbortController().signal)
    assert.equal(delivered.kind === 'later' && delivered.afterMs, afterMs)
  }
})

test('nobody there is for later, and says no path', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => void server.close(resolve))
  const notifier = webhookNotifier('hook', { url: `http://127.0.0.1:${port}/secret-path`, secret, perMinute: 60 })
  assert.deepEqual(await notifier.deliver({ key: 'k', notice }, new AbortController().signal), {
    kind: 'later',
    reason: `127.0.0.1:${port} could not be reached (ECONNREFUSED)`,
  })
})

test('a line of the log is one line, whatever a letter says', () => {
  const hostile = { ...notice, title: 'a\u001b[31m\r\nALERT resolved\u202e \ud800', next: null }
  assert.equal(
    logLine(hostile),
    'ALERT raised (page) a\\u001b[31m\\u000d\\u000aALERT resolved\\u202e \ufffd a_00000000000000000000000000',
  )
  assert.match(logLine(notice), /Next: redrive cause show c_7f3k$/)
  assert.ok(logLine({ ...notice, title: 'x'.repeat(1_000_000) }).length < 1_000)
})
