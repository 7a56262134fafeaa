import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { webhookNotifier, webhookRequest } from '../../packages/server/src/notifiers/webhook.ts'
import { noticeOf } from '../../packages/server/src/testing/notice.ts'
import { script } from '../lib/run.ts'
import { root } from '../lib/workspace.ts'

const secret = `whsec_${Buffer.alloc(32, 'k').toString('base64')}`
const minuteMs = 60_000
const hostile = 'a\u001b[31m\r\nalert.raised \u202e\ud800'

/** The example, with what it prints. */
async function receiver(t: TestContext) {
  const [file, ...arguments_] = script('examples/webhook-receiver/receiver.ts')
  const child = spawn(file, arguments_, {
    cwd: root,
    env: { ...process.env, HOOK_SECRET: secret, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(async () => {
    child.kill('SIGKILL')
    await once(child, 'close')
  })
  const lines: string[] = []
  const printed = createInterface({ input: child.stdout }).on('line', (line) => void lines.push(line))
  await once(printed, 'line')
  const url = lines.shift()?.replace('listening on ', '') ?? ''
  const post = async (
    { body, headers }: { readonly body: string; readonly headers: Readonly<Record<string, string>> },
    changes: Readonly<Record<string, string>> = {},
  ): Promise<number> => (await fetch(url, { method: 'POST', body, headers: { ...headers, ...changes } })).status
  return { url, lines, post }
}

test('the sample receiver takes a notice of the office once, however often it comes', async (t) => {
  const { url, lines } = await receiver(t)
  const notifier = webhookNotifier('hook', { url, secret, perMinute: 60 })
  const never = new AbortController().signal
  for (const key of ['k-1', 'k-1', 'k-2'])
    assert.deepEqual(
      await notifier.deliver({ key, notice: noticeOf({ title: key === 'k-2' ? hostile : key }) }, never),
      {
        kind: 'delivered',
      },
    )
  assert.deepEqual(lines, [
    'alert.raised a_00000000000000000000000000 k-1',
    'alert.raised a_00000000000000000000000000 a\\u001b[31m\\u000d\\u000aalert.raised \\u202e\\ud800',
  ])
})

test('the sample receiver takes nothing that is not ours, not whole or not of now', async (t) => {
  const { url, lines, post } = await receiver(t)
  const of = (key: string, agoMs = 0, by = secret) =>
    webhookRequest({ key, notice: noticeOf() }, { secret: by, nowMs: Date.now() - agoMs })
  const good = of('good')
  const other = `whsec_${Buffer.alloc(32, 'o').toString('base64')}`
  assert.equal(await post({ ...good, body: good.body.replace('page', 'ticket') }), 401)
  assert.equal(await post(good, { 'webhook-id': 'another' }), 401)
  assert.equal(await post(good, { 'webhook-timestamp': String(Math.floor(Date.now() / 1_000) + 1) }), 401)
  assert.equal(await post(good, { 'webhook-timestamp': 'now' }), 401)
  assert.equal(await post(good, { 'webhook-signature': 'v1,' }), 401)
  assert.equal(await post(good, { 'webhook-signature': good.headers['webhook-signature']?.slice(3) ?? '' }), 401)
  assert.equal(await post({ body: good.body, headers: {} }), 401)
  assert.equal(await post(of('other', 0, other)), 401)
  assert.equal(await post(of('old', 6 * minuteMs)), 401)
  assert.equal(await post(of('new', -6 * minuteMs)), 401)
  assert.equal(await post({ body: 'x'.repeat(2_000_000), headers: {} }), 413)
  assert.equal((await fetch(url)).status, 405)
  assert.deepEqual(lines, [])
  assert.equal(await post(of('late', 4 * minuteMs)), 204)
  const twice = `${of('good', 0, other).headers['webhook-signature']} ${good.headers['webhook-signature']}`
  assert.equal(await post(good, { 'webhook-signature': twice }), 204)
  assert.equal(lines.length, 2)
})
