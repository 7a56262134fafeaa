import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noticeChanges } from '../alerts/index.ts'
import { httpReceiver } from '../testing/http-receiver.ts'
import { noticeOf } from '../testing/notice.ts'
import { pagerDutyEvent, pagerDutyNotifier } from './pagerduty.ts'

const never = new AbortController().signal
const routingKey = 'R'.repeat(32)

test('an alert triggers one incident, with what is known and where to take it', async (t) => {
  const { url, got } = await httpReceiver(t, { status: 202, body: '{"status":"success"}' })
  const notifier = pagerDutyNotifier('duty', { url: `${url}/v2/enqueue`, routingKey, perMinute: 60 })
  const links = { acknowledge: 'https://office.example/acknowledge/a/b', runbook: 'javascript:alert(1)' }
  const notice = noticeOf({ owner: 'team-reefer', links })
  assert.deepEqual(await notifier.deliver({ key: 'k', notice }, never), { kind: 'delivered' })
  const [{ path, headers, body } = { path: '', headers: {}, body: '{}' }] = got
  assert.equal(path, '/v2/enqueue')
  assert.equal(headers['content-type'], 'application/json')
  assert.deepEqual(JSON.parse(body), {
    routing_key: routingKey,
    event_action: 'trigger',
    dedup_key: notice.alert,
    client: 'Redrive',
    payload: {
      summary: 'NEW orders: 1 letter, TaxRateMissing',
      source: 'orders',
      severity: 'critical',
      timestamp: notice.raisedAt,
      group: 'team-reefer',
      class: 'first-failure',
      custom_details: { tier: 'permanent', next: 'redrive cause show c_7f3k' },
    },
    links: [{ href: links.acknowledge, text: 'Acknowledge' }],
  })
})

test('all that is said of an alert has one key; it is taken and ended by it', () => {
  const events = noticeChanges.map(
    (change) =>
      pagerDutyEvent(noticeOf({ change, urgency: 'ticket' }), routingKey) as {
        event_action: string
        dedup_key: string
        payload?: { severity: string }
      },
  )
  assert.deepEqual(
    events.map(({ event_action, payload }) => `${event_action} ${payload?.severity ?? 'nothing more'}`),
    [
      'trigger warning',
      'trigger warning',
      'trigger warning',
      'acknowledge nothing more',
      'resolve nothing more',
      'trigger info',
      'trigger info',
    ],
  )
  assert.deepEqual(new Set(events.map(({ dedup_key }) => dedup_key)), new Set([noticeOf().alert]))
})

test('facts of one name are all there', () => {
  const facts = ['a', 'b', 'c'].map((value) => ({ name: 'first-failure', value }))
  const event = pagerDutyEvent(
    noticeOf({ rule: 'storm', next: null, facts: [...facts, { name: '__proto__', value: 'd' }] }),
    routingKey,
  )
  const { payload } = JSON.parse(JSON.stringify(event)) as { payload: { custom_details: object } }
  assert.deepEqual(Object.entries(payload.custom_details), [
    ['first-failure', 'a'],
    ['first-failure 2', 'b'],
    ['first-failure 3', 'c'],
    ['__proto__', 'd'],
  ])
})

for (const [status, body, kind, says] of [
  [
    400,
    '{"status":"invalid event","message":"Event object is invalid","errors":["summary is missing"]}',
    'refused',
    '',
  ],
  [400, '{"status":"invalid event","errors":["Invalid routing key"]}', 'later', ' because of the routing key'],
  [400, '{"errors":["Length of \'routing_key\' is incorrect"]}', 'later', ' because of the routing key'],
  [200, '<html>sign in</html>', 'later', ' and accepted nothing'],
  [200, '{"status": "success"}', 'delivered', ''],
  [202, 'x'.repeat(100_000), 'delivered', ''],
  [429, '', 'later', ''],
  [500, '', 'later', ''],
] as const)
  test(`${status} ${body.slice(0, 50)} means ${kind}`, async (t) => {
    const { url, host } = await httpReceiver(t, { status, body })
    const delivered = await pagerDutyNotifier('duty', { url, routingKey, perMinute: 60 }).deliver(
      { key: 'k', notice: noticeOf() },
      never,
    )
    const reason = `${host} answered ${status}${says}`
    assert.deepEqual(delivered, kind === 'delivered' ? { kind } : { kind, reason })
  })
