import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { startFauxqs } from 'fauxqs'

/** `lost`: it was not carried out and is not answered; `unheard`: it was carried out, but the answer is lost; a number: answered with that status. */
export type S3Fault = 'lost' | 'unheard' | number

export interface S3Server {
  readonly endpoint: string
  readonly bucket: string
  /** What was asked, oldest first: `PUT /letters/name`. */
  readonly asked: string[]
  /** Taken one for each request, in order; none: all goes well. */
  readonly faults: (S3Fault | null)[]
  /** Of the request that was asked last. */
  headers(): Readonly<Record<string, unknown>>
}

/**
 * The emulator fauxqs, and before it what it lacks: the condition under which a real store puts (`If-None-Match: *`), and faults. Signatures are
 * looked at by neither.
 */
export async function s3Server(
  t: TestContext,
  options: { readonly heedsConditions?: boolean } = {},
): Promise<S3Server> {
  const bucket = 'letters'
  const emulator = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false })
  emulator.createBucket(bucket)
  const asked: string[] = []
  const faults: (S3Fault | null)[] = []
  let headers: Readonly<Record<string, unknown>> = {}
  const front = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`)
    headers = incoming.headers
    void answer(incoming, response, faults.shift() ?? null)
  })
  const answer = async (incoming: IncomingMessage, response: ServerResponse, fault: S3Fault | null): Promise<void> => {
    const body = await bytesOf(incoming)
    if (fault === 'lost') return void incoming.socket.destroy()
    if (typeof fault === 'number') return void response.writeHead(fault).end('<Error><Code>SlowDown</Code></Error>')
    const ask = (method: string): Promise<Forwarded> => forward(emulator.port, { incoming, method, body })
    const isConditional = options.heedsConditions !== false && incoming.headers['if-none-match'] === '*'
    const isTaken = incoming.method === 'PUT' && isConditional && (await ask('HEAD')).status === 200
    const said = isTaken
      ? { status: 412, headers: {}, body: Buffer.from('<Error><Code>PreconditionFailed</Code></Error>') }
      : await ask(incoming.method ?? 'GET')
    if (fault === 'unheard') return void incoming.socket.destroy()
    response.writeHead(said.status, said.headers).end(said.body)
  }
  await new Promise<void>((resolve) => void front.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    front.closeAllConnections()
    front.close()
    await emulator.stop()
  })
  const endpoint = `http://127.0.0.1:${(front.address() as AddressInfo).port}`
  return { endpoint, bucket, asked, faults, headers: () => headers }
}

interface Forwarded {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

function forward(
  port: number,
  { incoming, method, body }: { readonly incoming: IncomingMessage; readonly method: string; readonly body: Buffer },
): Promise<Forwarded> {
  return new Promise((resolve, reject) => {
    const { path, headers } = { path: incoming.url ?? '/', headers: incoming.headers }
    const isPut = method === 'PUT'
    const out = request(
      { host: '127.0.0.1', port, method, path, headers: isPut ? headers : { ...headers, 'content-length': '0' } },
      (answer) =>
        void bytesOf(answer).then(
          (read) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: read }),
          reject,
        ),
    )
    out.on('error', reject)
    out.end(isPut ? body : undefined)
  })
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
