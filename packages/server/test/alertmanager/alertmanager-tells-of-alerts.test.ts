import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startAlertmanager } from '../../../../tools/servers/alertmanager.ts'
import type { Notice } from '../../src/alerts/index.ts'
import { openNotifiers } from '../../src/notifiers/index.ts'
import { httpReceiver } from '../../src/testing/http-receiver.ts'
import { noticeOf } from '../../src/testing/notice.ts'
import { until } from '../office-bed.ts'

interface Shown {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly endsAt: string
  readonly status: { readonly state: string }
}
interface Told {
  readonly alerts: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[]
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const iso = (ms: number): string => new Date(ms).toISOString()

/** An Alertmanager, and whoever it tells. */
async function bed(t: TestContext) {
  const receiver = await httpReceiver(t, { status: 200 })
  const alertmanager = await startAlertmanager({
    config: `
route: { receiver: hook, group_by: ['...'], group_wait: 10ms, group_interval: 100ms, repeat_interval: 1h }
receivers: [{ name: hook, webhook_configs: [{ url: ${JSON.stringify(receiver.url)}, send_resolved: true }] }]
`,
  })
  t.after(() => alertmanager.stop())
  const { url } = alertmanager
  const notifier = openNotifiers({ am: { type: 'alertmanager', url, perMinute: 600 } }, { tell: () => undefined }).get(
    'am',
  )
  return {
    async say(changes: Partial<Notice>): Promise<void> {
      const delivered = await notifier?.deliver({ key: 'k', notice: noticeOf(changes) }, new AbortController().signal)
      assert.deepEqual(delivered, { kind: 'delivered' })
    },
    shown: async (): Promise<readonly Shown[]> => (await alertmanager.ask('/alerts')) as readonly Shown[],
    told: (): readonly string[] =>
      receiver.got
        .flatMap(({ body }) => (JSON.parse(body) as Told).alerts)
        .map(({ status, labels }) => `${status} ${labels['alertname']} ${labels['severity']}`),
  }
}

test('an alert fires for as long as it is not over, is one alert however often it is said, and ends when it is over', async (t) => {
  const { say, shown, told } = await bed(t)
  const raisedMs = Date.now() - hourMs
  const raisedAt = iso(raisedMs)
  await say({ raisedAt, at: raisedAt, owner: 'team-a' })
  await until('it tells', () => (told().length > 0 ? true : undefined))
  await say({
    raisedAt,
    at: iso(raisedMs + hourMs / 2),
    change: 'repeated',
    owner: 'team-b',
    title: 'NEW orders: 2 letters',
  })
  const [repeated, ...others] = await until('it shows what was said last', async () => {
    const alerts = await shown()
    return alerts[0]?.annotations['owner'] === 'team-b' ? alerts : undefined
  })
  assert.deepEqual(others, [])
  assert.equal(repeated?.status.state, 'active')
  assert.equal(repeated?.annotations['summary'], 'NEW orders: 2 letters')
  assert.equal(Date.parse(repeated?.endsAt ?? ''), raisedMs + hourMs / 2 + 14 * dayMs)

  await say({ raisedAt, at: iso(Date.now()), change: 'acknowledged', facts: [{ name: 'by', value: 'Ana' }] })
  const [taken] = await shown()
  assert.equal(taken?.annotations['acknowledged_by'], 'Ana')
  assert.ok(Date.parse(taken?.endsAt ?? '') > Date.now() + 89 * dayMs, 'nothing more is said of it for long')

  // The clock of the office is ahead.
  await say({ raisedAt, at: iso(Date.now() + 30_000), change: 'resolved' })
  assert.deepEqual(await shown(), [])
  await until('it tells of the end', () => (told().length > 1 ? true : undefined))
  assert.deepEqual(told(), ['firing RedriveFirstFailure page', 'resolved RedriveFirstFailure page'])
})

test('what is over as soon as it began is over there too', async (t) => {
  const { say, shown } = await bed(t)
  const raisedAt = iso(Date.now())
  await say({ raisedAt, at: raisedAt })
  assert.equal((await shown()).length, 1)
  await say({ raisedAt, at: iso(Date.now()), change: 'resolved' })
  assert.deepEqual(await shown(), [])
})

test('a storm that becomes a page is one alert, and tells nobody of a ticket that never was', async (t) => {
  const { say, shown, told } = await bed(t)
  const storm = { rule: 'storm', raisedAt: iso(Date.now() - hourMs), at: iso(Date.now()) } as const
  const severities = async () => (await shown()).map(({ labels }) => labels['severity'])
  await say({ ...storm, urgency: 'ticket' })
  assert.deepEqual(await severities(), ['ticket'])
  await until('it tells', () => (told().length > 0 ? true : undefined))
  await say({ ...storm, urgency: 'page', change: 'repeated' })
  assert.deepEqual(await severities(), ['page'])
  await until('it tells of the page', () => (told().includes('firing RedriveStorm page') ? true : undefined))
  await say({ ...storm, urgency: 'page', change: 'resolved' })
  assert.deepEqual(await severities(), [])
  await until('it tells of the end', () => (told().includes('resolved RedriveStorm page') ? true : undefined))
  assert.deepEqual(
    told().filter((line) => line.startsWith('firing')),
    ['firing RedriveStorm ticket', 'firing RedriveStorm page'],
  )
})

test('whatever a letter says is taken, and names one alert', async (t) => {
  const { say, shown } = await bed(t)
  const texts = [
    'a"b\\c\nd{}é',
    '\ud800\u0000\u202e',
    '{{ template "x" }}',
    '<!channel> https://evil.com',
    'x'.repeat(1_000_000),
    '',
  ]
  for (const [at, text] of texts.entries())
    await say({
      alert: `a_${String(at).padStart(26, '0')}`,
      title: text,
      queue: text,
      owner: text,
      next: text,
      facts: [{ name: text, value: text }],
      raisedAt: iso(Date.now() - hourMs),
      at: iso(Date.now()),
    })
  assert.equal((await shown()).length, texts.length)
})
