import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDelivery, watchAlerts } from '../src/alerts/index.ts'
import { parseConfig } from '../src/config/index.ts'
import { openNotifiers } from '../src/notifiers/index.ts'
import { showCauseId } from '../src/store/ids.ts'
import { httpReceiver } from '../src/testing/http-receiver.ts'
import { startMailServer } from '../src/testing/mail-server.ts'
import { commandLine } from './command-line.ts'
import { officeBed, until } from './office-bed.ts'

test('a configuration names one notifier of each kind; each is tried, told of an alert, of who takes it, and of its end', async (t) => {
  const bed = await officeBed(t)
  const [hook, slack, pagerDuty, alertmanager] = await Promise.all([
    httpReceiver(t, { status: 204 }),
    httpReceiver(t, { status: 200, body: 'ok' }),
    httpReceiver(t, { status: 202 }),
    httpReceiver(t, { status: 200 }),
  ])
  const mail = await startMailServer({ login: { user: 'redrive', password: 'a password' } })
  t.after(() => mail.stop())
  const { notifiers: configured, alerts: config } = parseConfig(
    `
notifiers:
  hook: { type: webhook, url: ${hook.url}, secret: "\${env:HOOK_SECRET}" }
  chat: { type: slack, url: "\${env:SLACK_URL}" }
  duty: { type: pagerduty, routingKey: "\${env:DUTY_KEY}", url: ${pagerDuty.url}/v2/enqueue }
  prometheus: { type: alertmanager, url: ${alertmanager.url}, token: "\${env:AM_TOKEN}" }
  mail:
    type: email
    url: smtp://127.0.0.1:${mail.port}
    user: redrive
    password: \${env:MAIL_PASSWORD}
    from: redrive@office.example
    to: [oncall@team.example]
    tls: off
`,
    {
      file: 'redrive.yaml',
      env: {
        HOOK_SECRET: `whsec_${'k'.repeat(40)}`,
        SLACK_URL: `${slack.url}/services/T0/B0/s3cret`,
        DUTY_KEY: 'r'.repeat(32),
        AM_TOKEN: 'am-token',
        MAIL_PASSWORD: 'a password',
      },
    },
  )
  const lines: string[] = []
  const tell = (line: string): void => void lines.push(line)
  const names = Object.keys(configured)
  const delivery = startDelivery(bed.store, { notifiers: openNotifiers(configured, { tell }), tell })
  bed.ending(() => delivery.stop())
  const routes = [{ notify: names }]
  const alerts = { config: { ...config, routes }, officeUrl: 'https://office.example', notifiers: names }
  const { server, token } = await bed.http({ alerts: { ...alerts, wakeDelivery: () => delivery.wake() } })
  const redrive = commandLine({ url: server.url, token })

  const tried = await redrive('alerts', 'test', '--rule', 'first-failure')
  assert.deepEqual(tried.out.trim().split('\n').toSorted(), names.map((name) => `${name}: delivered`).toSorted())
  assert.equal(tried.code, 0)

  const watch = watchAlerts(bed.store, {
    ...alerts,
    findings: async () => [],
    captures: () => [],
    onWritten: () => delivery.wake(),
    tell,
  })
  bed.ending(() => watch.stop())
  await bed.captured({ errorClass: 'TaxRateMissing' })
  const bodies = (got: readonly { readonly body: string }[]): readonly string[] => got.map(({ body }) => body)
  const beginning = (text = ''): string => text.split(/:| \w+ \(token/)[0] ?? ''
  const said = (): readonly (readonly string[])[] => [
    bodies(hook.got).map((body) => (JSON.parse(body) as { type: string }).type),
    bodies(slack.got).map((body) => beginning((JSON.parse(body) as { text: string }).text)),
    bodies(pagerDuty.got).map((body) => (JSON.parse(body) as { event_action: string }).event_action),
    bodies(alertmanager.got).map((body) => (JSON.parse(body) as [{ labels: { rule: string } }])[0].labels.rule),
    mail.got.map(({ headers }) => beginning(headers.find(([name]) => name === 'subject')?.[1])),
  ]
  const all = (count: number) => async () => (said().every(({ length }) => length === count) ? true : undefined)
  await until('all are told', all(2))
  const [alert] = JSON.parse((await redrive('alerts', '--json')).out) as readonly { readonly id: string }[]
  assert.equal((await redrive('alert', 'ack', alert?.id ?? '')).code, 0)
  await until('all hear who took it', all(3))
  const { rows } = await bed.store.pool.query<{ id: string }>('select id from cause')
  assert.equal((await redrive('cause', 'fix', showCauseId(rows[0]?.id ?? ''))).code, 0)
  await until('all hear that it is over', all(4))
  assert.deepEqual(said(), [
    ['alert.test', 'alert.raised', 'alert.acknowledged', 'alert.resolved'],
    ['🧪 TEST by', '🔴 NEW orders', '👀 acknowledged', '✅ resolved'],
    ['trigger', 'trigger', 'acknowledge', 'resolve'],
    ['test', 'first-failure', 'first-failure', 'first-failure'],
    ['[ticket] TEST by', '[page] NEW orders', '[page] acknowledged', '[page] resolved'],
  ])
  assert.deepEqual(lines, [])
})
