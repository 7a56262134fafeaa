// Takes notices of alerts: checks that each is from the office, whole and recent, and handles it once.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'

const key = Buffer.from((process.env['HOOK_SECRET'] ?? '').replace(/^whsec_/, ''), 'base64')
if (key.length < 24) throw new Error('HOOK_SECRET is to hold the secret of the notifier: whsec_ and base64')
const toleranceSeconds = 300
const mostBytes = 1_000_000
const mostIds = 10_000
/** Ids that were handled. Keep them in your database if handling one twice would matter after a restart. */
const handled = new Set<string>()

/** What to do with a notice. Everything in it may come from a dead letter: escape it for where you show it. */
function handle({
  type,
  data,
}: {
  readonly type: string
  readonly data: { readonly alert: string; readonly title: string }
}): void {
  const line = `${type} ${data.alert} ${data.title}`
  console.log(
    line.replaceAll(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}

/** @returns the status to answer with: the office tries a 401, 500 or no answer again, a 400 and 413 never */
async function receive(request: IncomingMessage): Promise<number> {
  if (request.method !== 'POST') return 405
  const body = await bodyOf(request)
  if (body === null) return 413
  const id = String(request.headers['webhook-id'])
  if (!isOurs(request.headers, id, body)) return 401
  if (handled.has(id)) return 204
  handle(JSON.parse(body.toString('utf8')))
  handled.add(id)
  const [oldest] = handled
  if (handled.size > mostIds && oldest !== undefined) handled.delete(oldest)
  return 204
}

function isOurs(headers: IncomingHttpHeaders, id: string, body: Buffer): boolean {
  const timestamp = String(headers['webhook-timestamp'])
  // Written so that what is no number is not recent.
  if (!(Math.abs(Date.now() / 1_000 - Number(timestamp)) <= toleranceSeconds)) return false
  const right = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()
  // While a secret is changed there may be several, with spaces between them.
  return String(headers['webhook-signature'])
    .split(' ')
    .filter((each) => each.startsWith('v1,'))
    .map((each) => Buffer.from(each.slice(3), 'base64'))
    .some((given) => given.length === right.length && timingSafeEqual(given, right))
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    // What is beyond is read and dropped, so that the answer arrives.
    if (bytes <= mostBytes) chunks.push(chunk)
  }
  return bytes > mostBytes ? null : Buffer.concat(chunks)
}

const server = createServer((request, response) => {
  receive(request)
    .then((status) => void response.writeHead(status).end())
    .catch((error: unknown) => {
      console.error(error)
      response.writeHead(500).end()
    })
})
server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object') console.log(`listening on http://127.0.0.1:${address?.port}`)
})
