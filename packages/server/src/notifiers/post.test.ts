import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { post } from './post.ts'

const message = { body: '{}', headers: {} }

/** A server that begins an answer and never ends it. */
async function endless(t: TestContext, status: number) {
  const answering = Promise.withResolvers<ServerResponse>()
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(status)
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(100)));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
    answering.resolve(response)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  t.after(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, answering: answering.promise }
}

for (const judge of [undefined, () => ({})])
  test(`an answer without an end is left once its status${judge === undefined ? '' : ' and its beginning'} are known`, async (t) => {
    const { url, answering } = await endless(t, 200)
    const fromMs = performance.now()
    const delivered = await post(
      url,
      { ...message, ...(judge === undefined ? {} : { judge }) },
      new AbortController().signal,
    )
    assert.deepEqual(delivered, { kind: 'delivered' })
    const response = await answering
    if (!response.destroyed) await once(response, 'close')
    assert.ok(performance.now() - fromMs < 5_000)
  })

test('an answer that falls silent is given up when the office stops, and its status counts as nothing', async (t) => {
  const stop = new AbortController()
  const server = createServer((_, response) => {
    response.writeHead(200).write('o')
    response.once('close', () => void server.close())
    stop.abort()
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  t.after(() => void server.close())
  const { port } = server.address() as AddressInfo
  const texts: string[] = []
  const judge = ({ text }: { readonly text: string }) => {
    texts.push(text)
    return { kind: text === 'ok' ? 'delivered' : 'later' } as const
  }
  const delivered = await post(`http://127.0.0.1:${port}`, { ...message, judge }, stop.signal)
  assert.equal(delivered.kind, 'later')
  assert.ok(texts.every((text) => text === ''))
})
