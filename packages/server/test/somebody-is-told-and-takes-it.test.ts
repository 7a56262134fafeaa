import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { type Notice, startDelivery, watchAlerts } from '../src/alerts/index.ts'
import { openNotifiers } from '../src/notifiers/index.ts'
import { officeBed, until } from './office-bed.ts'

const secret = `whsec_${Buffer.alloc(32, 'k').toString('base64')}`

test('the first letter of something new is told by webhook within five seconds, and its link takes the alert', async (t) => {
  const bed = await officeBed(t)
  const got: { readonly type: string; readonly data: Notice }[] = []
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => {
      got.push(JSON.parse(Buffer.concat(chunks).toString('utf8')))
      response.end()
    })
  })
  await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve))
  t.after(() => void receiver.close())
  const { server } = await bed.http()
  const config = { limits: [], routes: [{ notify: ['hook'] }] }
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
  const lines: string[] = []
  const tell = (line: string) => void lines.push(line)
  const notifiers = openNotifiers({ hook: { type: 'webhook', url, secret, perMinute: 60 } }, { tell })
  const delivery = startDelivery(bed.store, { notifiers, tell })
  const watch = watchAlerts(bed.store, {
    config,
    officeUrl: server.url,
    findings: async () => [],
    captures: () => [],
    onWritten: () => delivery.wake(),
    tell,
  })
  bed.ending(() => watch.stop())
  bed.ending(() => delivery.stop())
  await bed.captured({ errorClass: 'Tax<script>', error: '<img src=x onerror=alert(1)> & "quoted"' })
  const capturedMs = performance.now()
  await until('it is told', () => (got.length > 0 ? true : undefined))
  assert.ok(performance.now() - capturedMs < 5_000)
  assert.equal(got[0]?.type, 'alert.raised')
  const link = got[0]?.data.links.acknowledge ?? ''

  const page = await fetch(link)
  const html = await page.text()
  assert.equal(page.status, 200)
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
  assert.match(html, /Nobody sees to it yet/)
  assert.ok(!html.includes('<img') && !html.includes('<script'), html)
  assert.match(html, /&lt;/)
  const state = async () =>
    (await bed.store.pool.query<{ state: string }>('select state from alert')).rows.map((row) => row.state)
  assert.deepEqual(await state(), ['raised'], 'looking takes nothing')

  const post = (to: string, body: string) =>
    fetch(to, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })
  assert.match(await (await post(link, 'name=')).text(), /Say who you are/)
  assert.equal((await post(`${link.slice(0, -1)}${link.endsWith('A') ? 'B' : 'A'}`, 'name=eve')).status, 404)
  assert.equal((await post(link.replace(/a_\w{26}/, 'a_00000000000000000000000000'), 'name=eve')).status, 404)
  assert.equal((await fetch(link.replace(/a_\w{26}/, 'nonsense'))).status, 404)
  assert.deepEqual(await state(), ['raised'])
  assert.match(await (await post(link, 'name=Ana+%3Cb%3E')).text(), /Ana &lt;b&gt; \(by link\) sees to it/)
  assert.deepEqual(await state(), ['acknowledged'])
  await until('everybody hears of it', () => (got.at(-1)?.type === 'alert.acknowledged' ? true : undefined))
  assert.equal(got.length, 2)
  assert.match(await (await post(link, 'name=Ben')).text(), /Ana/, 'it is taken already')
  assert.deepEqual(lines, [])
})
