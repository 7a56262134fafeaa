import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { PermanentError, RetryLater } from '../control.ts'
import { EffectNotDone } from './effect-errors.ts'
import { failureMeans } from './failure-means.ts'

const coded = (code: string, syscall?: string): Error =>
  Object.assign(new Error(code), { code, ...(syscall === undefined ? {} : { syscall }) })

test('only what cannot have arrived, or was refused, is not done', () => {
  const cases: readonly (readonly [unknown, 'not-done' | 'maybe'])[] = [
    [new EffectNotDone('declined'), 'not-done'],
    [new EffectNotDone('declined', { cause: coded('ETIMEDOUT') }), 'not-done'],
    [new Error('wrapped', { cause: new EffectNotDone('declined') }), 'not-done'],
    [new RetryLater(1_000), 'not-done'],
    [coded('ECONNREFUSED', 'connect'), 'not-done'],
    [coded('ETIMEDOUT', 'connect'), 'not-done'],
    [new TypeError('fetch failed', { cause: coded('ENOTFOUND', 'getaddrinfo') }), 'not-done'],
    [new AggregateError([coded('ECONNREFUSED', 'connect')], 'all addresses'), 'not-done'],
    [Object.assign(new Error('no'), { response: { status: 402 } }), 'not-done'],
    [Object.assign(new Error('no'), { statusCode: 429 }), 'not-done'],
    [coded('ETIMEDOUT'), 'maybe'],
    [coded('ECONNRESET', 'read'), 'maybe'],
    [coded('EHOSTUNREACH', 'read'), 'maybe'],
    [coded('EPIPE', 'write'), 'maybe'],
    [new DOMException('late', 'TimeoutError'), 'maybe'],
    [Object.assign(new Error('no'), { status: 503 }), 'maybe'],
    [Object.assign(new Error('no'), { status: 409 }), 'maybe'],
    [Object.assign(new Error('no'), { status: 408 }), 'maybe'],
    [Object.assign(new Error('gateway'), { status: 502, cause: coded('ECONNREFUSED', 'connect') }), 'maybe'],
    [new PermanentError('declined?'), 'maybe'],
    [new Error('?'), 'maybe'],
    [undefined, 'maybe'],
    ['declined', 'maybe'],
    [{ status: 402.5e9 }, 'maybe'],
    [
      {
        get status(): number {
          throw new Error('hostile')
        },
      },
      'maybe',
    ],
  ]
  for (const [error, expected] of cases) assert.equal(failureMeans(error), expected, String((error as Error)?.message))
})

test('a connection that fetch was refused is not done; an answer that broke off may be', async () => {
  const server = createServer((socket) => socket.once('data', () => socket.destroy())).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const failed = (): Promise<unknown> =>
    fetch(`http://127.0.0.1:${port}`, { method: 'POST' }).then(
      () => null,
      (error) => error,
    )
  assert.equal(failureMeans(await failed()), 'maybe')
  await new Promise((resolve) => server.close(resolve))
  assert.equal(failureMeans(await failed()), 'not-done')
})
