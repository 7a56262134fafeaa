import { randomUUID } from 'node:crypto'
import { isRedriveError, RedriveError } from '@redrive/worker'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import { type Holder, tokenHolder } from '../access/index.ts'
import { maskAnswer } from '../masking/index.ts'
import { metrics } from '../metrics/index.ts'
import { acknowledgePage, acknowledgePath } from './acknowledge-page.ts'
import { maskersFor, refuseRole, reveal } from './as-seen-by.ts'
import { openApiOf } from './openapi.ts'
import { problemOf } from './problem.ts'
import type { OfficeServices } from './route.ts'
import { routes } from './routes/index.ts'
import { maxQueueName } from './schemas.ts'
import { parseStrictJson } from './strict-json.ts'
import { validate } from './validate.ts'

export interface HttpServer {
  readonly url: string
  close(): Promise<void>
}

export interface HttpOptions {
  readonly host: string
  /** 0 takes any free one. */
  readonly port: number
  /** Told of unexpected failures, with the request id that the caller was given. */
  readonly onFailure?: (failure: { readonly requestId: string; readonly error: unknown }) => void
}

/** @throws OPTION_INVALID when the address cannot be listened on */
export async function startHttp(office: OfficeServices, options: HttpOptions): Promise<HttpServer> {
  const app = fastify({
    bodyLimit: 8 * 1024 * 1024,
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    // Names of queues stand in addresses; each character may take nine there.
    routerOptions: { maxParamLength: 9 * maxQueueName },
    genReqId: () => randomUUID(),
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (_: FastifyRequest, body: string) =>
    parseStrictJson(body),
  )
  app.setValidatorCompiler<TSchema>(
    ({ schema, httpPart }) =>
      (value) =>
        validate(schema, httpPart as 'body', value),
  )
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, request.id)
    if (problem.status >= 500 && !isRedriveError(error)) options.onFailure?.({ requestId: request.id, error })
    // Whoever showed no token is told nothing that comes from a letter.
    const holder = callers.get(request)
    const masker = holder === undefined ? null : maskersFor(office, holder)()
    const shown = masker === null ? problem : maskAnswer(masker, problem)
    void reply.status(problem.status).type('application/problem+json').send(JSON.stringify(shown))
  })
  app.setNotFoundHandler((request, reply) => {
    const problem = problemOf(
      new RedriveError('NOT_FOUND', 'There is nothing at this address.', { hint: 'See /api/v1/openapi.json' }),
      request.id,
    )
    void reply.status(404).type('application/problem+json').send(JSON.stringify(problem))
  })
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  guard(app, office, options.host)
  app.get('/livez', async () => ({ alive: true }))
  app.get('/api/v1/openapi.json', async () => openApiOf(routes, office.version))
  app.get('/metrics', async (_, reply) => {
    const { text, contentType } = await metrics(office)
    return reply.type(contentType).send(text)
  })
  void app.register((scope: FastifyInstance) => acknowledgePage(scope, office))
  for (const { method, path, schemas, status, needs, givesSecret, handle } of routes) {
    app.route({
      method,
      url: `/api/v1${path}`,
      // Before anything of the request is looked at.
      onRequest: async (request) => refuseRole(callers.get(request) ?? nobody, needs),
      schema: {
        ...(schemas.params === undefined ? {} : { params: schemas.params }),
        ...(schemas.query === undefined ? {} : { querystring: schemas.query }),
        ...(schemas.body === undefined ? {} : { body: schemas.body }),
      },
      handler: async (request, reply) => {
        const { params, query, body } = request as unknown as { params: never; query: never; body: never }
        const holder = callers.get(request) ?? nobody
        const isRevealed = await reveal(office, { holder, params, query, path })
        const masker = isRevealed ? () => null : maskersFor(office, holder)
        void reply.status(status)
        const answer = await handle({ office, params, query, body, caller: holder.name, masker, request, reply })
        const last = givesSecret || isDone(answer, reply) ? null : masker()
        return last === null ? answer : maskAnswer(last, answer)
      },
    })
  }
  try {
    await app.listen({ host: options.host, port: options.port })
  } catch (error) {
    throw new RedriveError(
      'OPTION_INVALID',
      `${options.host}:${options.port} cannot be listened on: ${(error as Error).message}`,
      {
        cause: error,
        hint: 'Choose another port with --port or http.port in redrive.yaml; 0 takes any free one.',
      },
    )
  }
  const address = app.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return { url: `http://${host}:${port}`, close: () => app.close() }
}

const callers = new WeakMap<FastifyRequest, Holder>()
/** Whoever shows no token: sees what a viewer sees, where anything is answered at all. */
const nobody: Holder = { name: 'nobody', role: 'viewer' }

/** Bytes, and what was rendered: their routes have looked after them. */
const isDone = (answer: unknown, reply: unknown): boolean => Buffer.isBuffer(answer) || answer === reply

/** Every route but liveness and the links of notices, which hold a secret, asks for a token; on loopback only loopback names are answered, whatever a page in a browser resolves to. */
function guard(app: FastifyInstance, office: OfficeServices, host: string): void {
  const loopback = host === '127.0.0.1' || host === '::1' || host === 'localhost'
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    if (loopback && !/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(request.headers.host ?? '')) {
      throw new RedriveError('REQUEST_INVALID', 'This office answers to localhost only.', {
        hint: 'Call it as http://127.0.0.1, or set http.host to serve others.',
      })
    }
    const [path = ''] = request.url.split('?')
    if (path === '/livez' || path.startsWith(acknowledgePath)) return
    const token = /^Bearer (\S{1,200})$/.exec(request.headers.authorization ?? '')?.[1]
    const holder = token === undefined ? null : await tokenHolder(office.store, token)
    if (holder === null) {
      void reply.header('www-authenticate', 'Bearer')
      throw new RedriveError(
        'UNAUTHENTICATED',
        token === undefined ? 'A token is needed.' : 'The token is not valid.',
        {
          hint: 'Send it as `Authorization: Bearer …`; make one with: redrive token create NAME',
        },
      )
    }
    callers.set(request, holder)
  })
}
