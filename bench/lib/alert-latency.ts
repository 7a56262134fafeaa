import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { findOffice } from '../../packages/server/src/cli/find-office.ts'
import { openDemoBroker } from '../../packages/server/src/demo/demo-broker.ts'
import { script } from '../../tools/lib/run.ts'
import { embeddedQueue } from '../../torture/stack.ts'
import { deadLetter } from './dead-letter.ts'
import { get, start, stop, until } from './serve.ts'

const place = 'orders-dead-letter'
const secret = Buffer.alloc(32, 'k')
/** With one more they would be a storm: twenty of all queues in ten minutes, four of a queue. */
const mostOfOffice = 20
const ofQueue = 2
const patienceMs = 60_000

/** Milliseconds from when a letter of a new cause was sent to its dead-letter place, and from when it was captured, to when its notice was there. */
export interface Latency {
  readonly sinceDeathMs: readonly number[]
  readonly sinceCaptureMs: readonly number[]
}

/**
 * New causes, one after the other, each told by webhook to a receiver here that believes signed notices alone. The offices are processes on empty
 * folders, one after the other, each of which has as many causes as are no storm.
 */
export async function measureLatency({ offices }: { readonly offices: number }): Promise<Latency> {
  const all: Latency[] = []
  for (let office = 0; office < offices; office++) {
    const folder = await mkdtemp(path.join(tmpdir(), 'redrive-bench-'))
    try {
      all.push(await ofOneOffice(folder))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  return {
    sinceDeathMs: all.flatMap(({ sinceDeathMs }) => sinceDeathMs),
    sinceCaptureMs: all.flatMap(({ sinceCaptureMs }) => sinceCaptureMs),
  }
}

async function ofOneOffice(folder: string): Promise<Latency> {
  const receiver = await receive()
  const data = path.join(folder, 'data')
  const file = path.join(folder, 'redrive.yaml')
  const secretFile = path.join(folder, 'secret')
  writeFileSync(secretFile, `whsec_${secret.toString('base64')}`)
  const hook = { type: 'webhook', url: receiver.url, secret: `\${file:${secretFile}}`, perMinute: 600 }
  writeFileSync(
    file,
    stringify({
      data,
      http: { port: 0 },
      brokers: { main: { type: 'pg-boss', url: 'embedded', deadLetters: [place] } },
      notifiers: { hook },
    }),
  )
  const child = start(process.execPath, script('packages/server/src/cli/main.ts', 'serve', '--config', file).slice(1))
  try {
    const office = (): ReturnType<typeof findOffice> => findOffice({ data, env: {} })
    await until(child, async () => {
      await get(office(), '/api/v1/queues')
      return true
    })
    const sent = await sendCauses({ queue: embeddedQueue(data), toldAt: receiver.toldAt })
    const { letters } = await get<{
      readonly letters: readonly { readonly errorClass: string; readonly capturedAt: string }[]
    }>(office(), '/api/v1/letters?limit=100')
    const captured = new Map(letters.map(({ errorClass, capturedAt }) => [errorClass, Date.parse(capturedAt)]))
    const since = (times: ReadonlyMap<string, number>): readonly number[] =>
      [...sent.keys()].map((error) => (receiver.toldAt.get(error) ?? Number.NaN) - (times.get(error) ?? Number.NaN))
    return { sinceDeathMs: since(sent), sinceCaptureMs: since(captured) }
  } finally {
    await stop(child)
    receiver.close()
  }
}

/** @returns when each was sent */
async function sendCauses({
  queue,
  toldAt,
}: {
  readonly queue: ReturnType<typeof embeddedQueue>
  readonly toldAt: ReadonlyMap<string, number>
}): Promise<ReadonlyMap<string, number>> {
  const sent = new Map<string, number>()
  const { broker, close } = await openDemoBroker(queue, 'redrive-bench')
  try {
    await broker.prepare([{ place, role: 'dead-letter' }])
    for (let number = 1; number <= mostOfOffice; number++) {
      const error = `Broken${number}`
      const diedMs = Date.now()
      const letter = { queue: `queue-${Math.ceil(number / ofQueue)}`, error, number, diedMs, system: 'pg-boss' }
      const [result] = await broker.send(place, [{ message: deadLetter(letter) }])
      if (result?.kind !== 'sent') throw new Error(`${place} did not take a letter`)
      sent.set(error, diedMs)
      await told(error, toldAt)
      // By chance, so that they do not come in step with the office's looks.
      await sleep(Math.random() * 1_000)
    }
  } finally {
    await close()
  }
  return sent
}

async function told(error: string, toldAt: ReadonlyMap<string, number>): Promise<void> {
  for (const endMs = performance.now() + patienceMs; !toldAt.has(error); await sleep(20))
    if (performance.now() > endMs) throw new Error(`of ${error} nobody was told within ${patienceMs} ms`)
}

/** Notes when the first signed notice of each cause came. */
async function receive(): Promise<{
  readonly url: string
  readonly toldAt: ReadonlyMap<string, number>
  close(): void
}> {
  const toldAt = new Map<string, number>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => {
      const atMs = Date.now()
      const body = Buffer.concat(chunks).toString('utf8')
      if (!isSigned(body, request.headers)) {
        response.writeHead(401).end()
        return
      }
      const { type, data } = JSON.parse(body) as {
        readonly type: string
        readonly data: { readonly rule: string; readonly title: string }
      }
      const error = /Broken\d+/.exec(data.title)?.[0]
      if (type === 'alert.raised' && data.rule === 'first-failure' && error !== undefined && !toldAt.has(error))
        toldAt.set(error, atMs)
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    toldAt,
    close: () => void server.close(),
  }
}

function isSigned(body: string, headers: IncomingHttpHeaders): boolean {
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  return headers['webhook-signature'] === `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`
}
