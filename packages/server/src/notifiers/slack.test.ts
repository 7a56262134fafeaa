import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpReceiver } from '../testing/http-receiver.ts'
import { noticeOf } from '../testing/notice.ts'
import { slackMessage, slackNotifier } from './slack.ts'

const never = new AbortController().signal

test('a message has a headline that is enough on a telephone, facts, what to do, and since when', async (t) => {
  const { url, got } = await httpReceiver(t, { status: 200, body: 'ok' })
  const notifier = slackNotifier('team', { url: `${url}/services/T0/B0/secret`, perMinute: 60 })
  const notice = noticeOf({
    owner: 'team-reefer',
    facts: [
      { name: 'letters', value: '312, of which 300 are open' },
      { name: 'release', value: '2.41.0 100 %' },
    ],
    links: { acknowledge: 'https://office.example/acknowledge/a/b', runbook: 'https://wiki.example/orders' },
  })
  assert.deepEqual(await notifier.deliver({ key: 'k', notice }, never), { kind: 'delivered' })
  const plain = (text: string) => ({ type: 'plain_text', text, emoji: false })
  const title = '🔴 NEW orders: 1 letter, TaxRateMissing'
  const [{ path, body } = { path: '', body: '{}' }] = got
  assert.equal(path, '/services/T0/B0/secret')
  assert.deepEqual(JSON.parse(body), {
    text: title,
    mrkdwn: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: plain(title) },
      { type: 'section', fields: [plain('letters\n312, of which 300 are open'), plain('release\n2.41.0 100 %')] },
      { type: 'section', text: plain('Next: redrive cause show c_7f3k') },
      {
        type: 'actions',
        elements: [
          { type: 'button', text: plain('Acknowledge'), url: notice.links.acknowledge, action_id: 'acknowledge' },
          { type: 'button', text: plain('Runbook'), url: notice.links.runbook, action_id: 'runbook' },
        ],
      },
      {
        type: 'context',
        elements: [
          {
            type: 'mrkdwn',
            text: 'Since <!date^1795910400^{date_short_pretty} {time_secs}|2026-11-29 00:00:00 UTC>',
            verbatim: true,
          },
          plain('page · first-failure · queue orders · owner team-reefer · a_00000000000000000000000000'),
        ],
      },
    ],
  })
})

test('what is over or taken says who or why, and asks for nothing', () => {
  const facts = [
    { name: 'by', value: 'Ana' },
    { name: 'tier', value: 'permanent' },
  ]
  const message = JSON.stringify(slackMessage(noticeOf({ change: 'acknowledged', facts })))
  assert.match(message, /👀 acknowledged: NEW orders/)
  assert.match(message, /by\\nAna/)
  assert.doesNotMatch(message, /permanent|Next|button/)
  assert.match(JSON.stringify(slackMessage(noticeOf({ change: 'resolved' }))), /✅ resolved: NEW/)
  assert.match(JSON.stringify(slackMessage(noticeOf({ change: 'repeated', urgency: 'ticket' }))), /🟡 repeated: NEW/)
})

test('a headline that is too long for a header is there in full beneath it', () => {
  const title = `NEW ${'x'.repeat(196)}`
  const { blocks } = slackMessage(noticeOf({ title })) as { blocks: readonly { text?: { text: string } }[] }
  assert.equal(blocks[0]?.text?.text.length, 150)
  assert.equal(blocks[1]?.text?.text, `🔴 ${title}`)
})

for (const [status, body, kind, reason] of [
  [200, 'ok', 'delivered', ''],
  [200, '<html>sign in</html>', 'later', ' without the ok of Slack'],
  [204, '', 'later', ' without the ok of Slack'],
  [400, 'invalid_payload', 'refused', ' invalid_payload'],
  [400, 'user_not_found', 'later', ' user_not_found'],
  [400, 'T0/B0/secret', 'refused', ''],
  [403, 'action_prohibited', 'later', ' action_prohibited'],
  [404, 'no_service', 'later', ' no_service'],
  [410, 'channel_is_archived', 'later', ' channel_is_archived'],
  [429, 'rate_limited', 'later', ' rate_limited'],
  [500, 'rollup_error', 'later', ' rollup_error'],
  [503, 'x'.repeat(100_000), 'later', ''],
] as const)
  test(`${status} ${body.slice(0, 20)} means ${kind}`, async (t) => {
    const { url, host } = await httpReceiver(t, { status, body })
    const notifier = slackNotifier('team', { url: `${url}/services/T0/B0/secret`, perMinute: 60 })
    const delivered = await notifier.deliver({ key: 'k', notice: noticeOf() }, never)
    assert.deepEqual(
      delivered,
      kind === 'delivered' ? { kind } : { kind, reason: `${host} answered ${status}${reason}` },
    )
  })
