import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadConfig } from '../src/config/index.ts'
import { startOffice } from '../src/main.ts'
import { openPgBoss } from '../src/open-pg-boss.ts'
import { embeddedQueueUrl } from '../src/store/database.ts'
import { type LateAddress, lateAddress } from './late-address.ts'
import { deadMessage, until } from './office-bed.ts'

interface Status {
  readonly captures: readonly { readonly broker: string; readonly state: string; readonly reason: string | null }[]
}

/** An office with an embedded queue that is there, and a broker of each kind at which nobody answers. */
async function officeWithout(t: TestContext) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'redrive-away-'))
  const [kafka, rabbit, queue] = [await lateAddress(), await lateAddress(), await lateAddress()]
  const file = path.join(folder, 'redrive.yaml')
  writeFileSync(
    file,
    `data: ${folder}/data
http: { port: 0 }
brokers:
  here: { type: pg-boss, url: embedded, deadLetters: [dead] }
  kafka: { type: kafka, brokers: ['127.0.0.1:${kafka.port}'], deadLetters: [orders-dead-letter] }
  rabbit: { type: rabbitmq, url: 'amqp://127.0.0.1:${rabbit.port}', deadLetters: [orders-dead-letter] }
  later: { type: pg-boss, url: 'postgres://redrive@127.0.0.1:${queue.port}/redrive_queue', schema: later, deadLetters: [dead] }
`,
  )
  const lines: string[] = []
  const office = await startOffice(loadConfig({ file }), { onEvent: (line) => lines.push(line) })
  t.after(async () => {
    await office.stop()
    for (const address of [kafka, rabbit, queue]) address.close()
    rmSync(folder, { recursive: true })
  })
  const get = async <T>(route: string): Promise<T> => {
    const response = await fetch(`${office.url}/api/v1${route}`, {
      headers: { authorization: `Bearer ${office.token}` },
    })
    return (await response.json()) as T
  }
  return { office, lines, queue, get }
}

/** Sends a dead letter as a worker does. */
async function die(url: string, { schema, mark }: { schema?: string; mark: string }): Promise<void> {
  const { broker, close } = await openPgBoss(
    { connectionString: url, ...(schema === undefined ? {} : { schema }) },
    () => undefined,
  )
  await broker.prepare([{ place: 'dead', role: 'dead-letter' }])
  const [result] = await broker.send('dead', [
    { message: deadMessage({ error: `of ${mark}`, errorClass: mark }, mark) },
  ])
  assert.equal(result?.kind, 'sent')
  await close()
}

function leadTo(address: LateAddress, { host }: { readonly host: string }): Promise<void> {
  return address.open({ path: path.join(host, '.s.PGSQL.5432') })
}

test('while brokers are away, an office opens, reads the others, says which are away, and reads them once they are back', async (t) => {
  const { office, lines, queue, get } = await officeWithout(t)
  const url = await embeddedQueueUrl(office.database)
  await die(url, { mark: 'Here' })
  await until('the queue that is there is read', () => lines.some((line) => /new cause .*Here/.test(line)) || undefined)

  const waits = await until('all that are away are told', async () => {
    const { captures } = await get<Status>('/status')
    const waiting = captures.filter(({ state, reason }) => state === 'paused' && reason !== 'broker: not connected')
    return waiting.length === 6 ? waiting : undefined
  })
  assert.deepEqual([...new Set(waits.map(({ broker }) => broker))].toSorted(), ['kafka', 'later', 'rabbit'])
  for (const { reason } of waits) assert.match(reason ?? '', /^broker: .*(ECONNREFUSED|Cannot connect)/)
  const said = lines.find((line) => line.includes('127.0.0.1') && line.includes('brokers.rabbit'))
  assert.match(
    said ?? '',
    /^capture from \S+ waits: RabbitMQ .*ECONNREFUSED.* \(\/\S+redrive.yaml:6:\d+ {2}brokers.rabbit; to try it: redrive serve --check\)$/,
  )
  const { findings } = await get<{ findings: { code: string; what: string }[] }>('/doctor')
  const named = findings.filter(({ code }) => code === 'source-in-trouble').map(({ what }) => what)
  assert.equal(named.length, 6, named.join('\n'))

  await leadTo(queue, office.database.embedded?.connection ?? { host: '' })
  await die(url, { schema: 'later', mark: 'Later' })
  await until(
    'the queue that came back is read',
    () => lines.some((line) => /new cause .*Later/.test(line)) || undefined,
  )
})
