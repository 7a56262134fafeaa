import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpReceiver } from '../testing/http-receiver.ts'
import { noticeOf } from '../testing/notice.ts'
import { alertmanagerNotifier, alertsOf } from './alertmanager.ts'

const never = new AbortController().signal
interface Posted {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
}
const postedOf = (changes: Parameters<typeof noticeOf>[0]) => alertsOf(noticeOf(changes)) as readonly Posted[]

test('an alert fires until something else is said, however rarely it is said again', async (t) => {
  const { url, got } = await httpReceiver(t, { status: 200 })
  const notifier = alertmanagerNotifier('prometheus', { url: `${url}/am/`, perMinute: 60 })
  const links = { acknowledge: 'https://office.example/acknowledge/a/b', runbook: 'https://wiki.example/orders' }
  const notice = noticeOf({ owner: 'team-reefer', links, at: '2026-11-29T01:00:00.000Z', change: 'repeated' })
  assert.deepEqual(await notifier.deliver({ key: 'k', notice }, never), { kind: 'delivered' })
  const [{ path, headers, body } = { path: '', headers: {}, body: '[]' }] = got
  assert.equal(path, '/am/api/v2/alerts')
  assert.equal(headers.authorization, undefined)
  assert.deepEqual(JSON.parse(body), [
    {
      labels: {
        alertname: 'RedriveFirstFailure',
        alert: notice.alert,
        rule: 'first-failure',
        severity: 'page',
        queue: 'orders',
      },
      annotations: {
        summary: 'NEW orders: 1 letter, TaxRateMissing',
        description: 'tier: permanent',
        owner: 'team-reefer',
        next: 'redrive cause show c_7f3k',
        acknowledge_url: links.acknowledge,
        runbook_url: links.runbook,
      },
      startsAt: '2026-11-29T00:00:00.000Z',
      endsAt: '2026-12-13T01:00:00.000Z',
    },
  ])
})

test('whoever it asks gets a name and a password, or a token', async (t) => {
  const { url, got } = await httpReceiver(t, { status: 200 })
  const common = { url, perMinute: 60 }
  await alertmanagerNotifier('a', { ...common, user: 'us', password: 'pä:ss' }).deliver(
    { key: 'k', notice: noticeOf() },
    never,
  )
  await alertmanagerNotifier('b', { ...common, token: 'to.ken' }).deliver({ key: 'k', notice: noticeOf() }, never)
  assert.deepEqual(
    got.map(({ headers }) => headers.authorization),
    [`Basic ${Buffer.from('us:pä:ss').toString('base64')}`, 'Bearer to.ken'],
  )
})

test('its labels stay the same as long as it lasts, so that it ends', () => {
  const at = '2026-11-29T06:00:00.000Z'
  const [raised] = postedOf({ owner: 'a', title: 'one' })
  const [taken] = postedOf({
    owner: 'b',
    title: 'two',
    change: 'acknowledged',
    at,
    facts: [{ name: 'by', value: 'Ana <b>@here</b>' }],
  })
  const [resolved] = postedOf({ owner: null, title: 'three', change: 'resolved', at })
  assert.deepEqual([taken?.labels, resolved?.labels], [raised?.labels, raised?.labels])
  assert.equal(taken?.annotations['acknowledged_by'], 'Ana ‹b›@\u2060here‹/b›')
  assert.equal(taken?.endsAt, '2027-02-27T06:00:00.000Z')
  assert.deepEqual([resolved?.startsAt, resolved?.endsAt], ['2026-11-29T00:00:00.000Z', '2026-11-29T05:59:00.000Z'])
})

test('what ends at once ends before it began, for its clock may be behind', () => {
  const [resolved] = postedOf({ change: 'resolved', at: '2026-11-29T00:00:01.000Z' })
  assert.deepEqual([resolved?.startsAt, resolved?.endsAt], ['2026-11-28T23:59:01.000Z', '2026-11-28T23:59:01.000Z'])
})

test('a storm that becomes a page is over as a ticket', () => {
  const [page, ticket] = postedOf({ rule: 'storm', urgency: 'page' })
  assert.deepEqual([page?.labels['severity'], ticket?.labels['severity']], ['page', 'ticket'])
  assert.ok(Date.parse(page?.endsAt ?? '') > Date.parse(noticeOf().at))
  assert.ok(Date.parse(ticket?.endsAt ?? '') < Date.parse(noticeOf().at))
})

test('a test is over after five minutes', () => {
  const [posted] = postedOf({ change: 'test', rule: 'test', queue: null })
  assert.equal(posted?.labels['alertname'], 'RedriveTest')
  assert.equal('queue' in (posted?.labels ?? {}), false)
  assert.equal(posted?.endsAt, '2026-11-29T00:05:00.000Z')
})
