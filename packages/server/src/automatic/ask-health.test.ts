import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { askHealth } from './ask-health.ts'

const never = new AbortController().signal

async function backend(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('2xx is healthy, whatever is in it; anything else is not, and says what it was', async (t) => {
  let status = 200
  const url = await backend(t, (_, response) => response.writeHead(status).end('{"status":"DOWN"}'))
  assert.deepEqual(await askHealth(url, never), { isHealthy: true })
  status = 204
  assert.deepEqual(await askHealth(url, never), { isHealthy: true })
  for (status of [404, 500, 503]) {
    const health = await askHealth(`${url}/secret?token=1`, never)
    assert.ok(!health.isHealthy)
    assert.match(health.problem, new RegExp(`^127\\.0\\.0\\.1:\\d+ answered ${status}$`), 'the host alone is named')
  }
})

test('a redirect is not followed', async (t) => {
  let isAsked = false
  const other = await backend(t, (_, response) => {
    isAsked = true
    response.end()
  })
  const url = await backend(t, (_, response) => response.writeHead(302, { location: other }).end())
  const health = await askHealth(url, never)
  assert.deepEqual([health.isHealthy, isAsked], [false, false])
})

test('a body without an end is not read', async (t) => {
  let isClosed = false
  const url = await backend(t, (_, response) => {
    response.on('close', () => (isClosed = true)).write('x'.repeat(1_000))
  })
  assert.deepEqual(await askHealth(url, never), { isHealthy: true })
  const endMs = Date.now() + 5_000
  while (!isClosed && Date.now() < endMs) await new Promise(setImmediate)
  assert.ok(isClosed)
})

test('nobody there, and an office that stops meanwhile, are no health', async (t) => {
  const refused = await askHealth('http://127.0.0.1:1/', never)
  assert.ok(!refused.isHealthy)
  assert.match(refused.problem, /^127\.0\.0\.1:1 could not be reached/)
  const stopping = new AbortController()
  const url = await backend(t, () => stopping.abort())
  const stopped = await askHealth(url, stopping.signal)
  assert.ok(!stopped.isHealthy)
  assert.match(stopped.problem, /AbortError/)
})
