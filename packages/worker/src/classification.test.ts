import { AssertionError } from 'node:assert'
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { classify } from './classification.ts'
import { MalformedError, PermanentError, RetryLater } from './control.ts'
import type { FailureClass } from './failure.ts'

const coded = (code: unknown): Error => Object.assign(new Error('e'), { code })
const named = (name: string, more: object = {}): Error => Object.assign(new Error('e'), { name, ...more })

test('explicit errors say it themselves, through wrappers too, and the outermost one wins', () => {
  assert.equal(classify(new PermanentError('no')), 'permanent')
  assert.equal(classify(new MalformedError('no')), 'malformed')
  assert.equal(classify(new RetryLater(5)), 'transient')
  assert.equal(
    classify(new Error('wrapped', { cause: new PermanentError('no', { cause: coded('ECONNREFUSED') }) })),
    'permanent',
  )
  assert.equal(classify(new PermanentError('no', { cause: new MalformedError('what') })), 'permanent')
})

test('custom rules come first; one that throws or answers nonsense is passed over', () => {
  const boom = (): never => {
    throw new Error('rule')
  }
  const nonsense = (() => 'exhausted') as unknown as () => FailureClass
  assert.equal(
    classify(new PermanentError('no'), [boom, nonsense, () => undefined, () => 'transient', () => 'timeout']),
    'transient',
  )
  assert.equal(classify(coded('EPIPE'), [boom, nonsense]), 'transient')
})

test('codes of Node, undici, axios and the database', () => {
  const expected: Record<FailureClass, string> = {
    transient:
      'ECONNREFUSED ECONNRESET EPIPE ENOTFOUND EAI_AGAIN EHOSTUNREACH UND_ERR_SOCKET 08006 08P01 40001 40P01 53300 53100 57P01 57P03 55P03',
    timeout:
      'ETIMEDOUT ESOCKETTIMEDOUT ECONNABORTED UND_ERR_CONNECT_TIMEOUT UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT ABORT_ERR 57014',
    permanent: '22001 22P02 23505 23503 42P01 28P01 ERR_ASSERTION',
    malformed: 'Z_DATA_ERROR ERR_ENCODING_INVALID_ENCODED_DATA',
    unknown: 'P0001 XX000 ENOENT 99999 400 constructor __proto__',
  }
  for (const [failureClass, codes] of Object.entries(expected)) {
    for (const code of codes.split(' ')) assert.equal(classify(coded(code)), failureClass, code)
  }
})

test('HTTP status in every usual shape', () => {
  const shapes: ((status: number) => unknown)[] = [
    (status) => Object.assign(new Error('e'), { status }),
    (status) => Object.assign(new Error('e'), { statusCode: status }),
    (status) => Object.assign(new Error('e'), { response: { status } }),
    (status) => Object.assign(new Error('e'), { response: { statusCode: status } }),
    (status) => named('AxiosError', { code: 'ERR_BAD_RESPONSE', response: { status } }),
    (status) => named('S3ServiceException', { $fault: 'client', $metadata: { httpStatusCode: status } }),
    (status) => new Response(null, { status }),
    (status) => new Error('wrapped', { cause: { status } }),
  ]
  const expected: Partial<Record<FailureClass, readonly number[]>> = {
    transient: [408, 409, 421, 423, 425, 429, 500, 502, 503, 504, 507, 599],
    permanent: [400, 401, 403, 404, 405, 410, 413, 415, 422, 451, 501, 505],
    unknown: [200, 204, 302, 304],
  }
  for (const [failureClass, statuses] of Object.entries(expected)) {
    for (const status of statuses) {
      for (const shape of shapes) {
        assert.equal(classify(shape(status)), failureClass, `${status} in ${String(shape)}`)
      }
    }
  }
  for (const status of [0, 1, -503, 600, 7_000, Number.NaN, '503', {}]) assert.equal(classify({ status }), 'unknown')
})

test('AWS throttling is transient though its status says 400', () => {
  const $metadata = { httpStatusCode: 400 }
  assert.equal(classify(named('ValidationException', { $metadata })), 'permanent')
  assert.equal(classify(named('ThrottlingException', { $metadata })), 'transient')
  assert.equal(classify(named('SomeException', { $metadata, $retryable: { throttling: true } })), 'transient')
})

test('aborts and timeouts of the platform', async () => {
  assert.equal(classify(AbortSignal.abort().reason), 'timeout')
  const signal = AbortSignal.timeout(1)
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  assert.equal(classify(signal.reason), 'timeout')
})

test('what does not parse is malformed; programming errors are permanent', () => {
  assert.equal(classify(thrownBy(() => JSON.parse('{'))), 'malformed')
  assert.equal(classify(thrownBy(() => decodeURIComponent('%'))), 'malformed')
  assert.equal(
    classify(thrownBy(() => new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255])))),
    'malformed',
  )
  for (const name of ['ZodError', '$ZodError', 'ValidationError', 'YAMLException'])
    assert.equal(classify(named(name)), 'malformed')
  assert.equal(classify(new (class ZodError extends Error {})('e')), 'malformed')
  assert.equal(classify(thrownBy(() => (undefined as unknown as string).length)), 'permanent')
  assert.equal(classify(thrownBy(() => new Array(-1))), 'permanent')
  assert.equal(classify(new ReferenceError('x is not defined')), 'permanent')
  assert.equal(classify(new AssertionError({ message: 'no' })), 'permanent')
})

test('the innermost cause that says something wins', () => {
  assert.equal(
    classify(new TypeError('outer', { cause: new Error('middle', { cause: coded('ECONNRESET') }) })),
    'transient',
  )
  assert.equal(classify(named('OrderFailed', { cause: new Error('says nothing', { cause: { id: 7 } }) })), 'unknown')
  assert.equal(classify(Object.assign(new Error('e'), { status: 503, cause: new Error('says nothing') })), 'transient')
  assert.equal(classify(new AggregateError([coded('ECONNREFUSED')])), 'transient')
})

test('real fetch: refused, cut, timed out, an error page instead of JSON, a bad address', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/cut')
      response.writeHead(200, { 'content-length': '100' }).end('short', () => request.socket.destroy())
    else if (request.url === '/page') response.end('<html>')
  })
  const base = await listening(server)
  try {
    assert.equal(classify(await failureOf(fetch(`${base}/cut`).then((response) => response.text()))), 'transient')
    assert.equal(classify(await failureOf(fetch(`${base}/page`).then((response) => response.json()))), 'unknown')
    assert.equal(classify(await failureOf(fetch(`${base}/hang`, { signal: AbortSignal.timeout(30) }))), 'timeout')
    assert.equal(classify(await failureOf(fetch('http://'))), 'permanent')
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  assert.equal(classify(await failureOf(fetch(`${base}/`))), 'transient')
})

test('never throws, whatever is thrown', () => {
  const trap = new Proxy(
    {},
    {
      get(): never {
        throw new Error('trap')
      },
    },
  )
  const mirror: object = new Proxy({}, { get: (): unknown => mirror })
  const self = new Error('self')
  self.cause = self
  const values = [
    null,
    undefined,
    'text',
    7,
    Symbol('s'),
    trap,
    mirror,
    self,
    new Error('e', { cause: trap }),
    Object.create(null),
  ]
  for (const value of values as unknown[]) classify(value)
  assert.equal(classify(null), 'unknown')
  assert.equal(classify(trap), 'unknown')
  assert.equal(classify(self), 'unknown')
  fc.assert(fc.property(fc.anything(), (value) => void classify(value)))
})

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('did not throw')
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => assert.fail('did not reject'),
    (error: unknown) => error,
  )
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
