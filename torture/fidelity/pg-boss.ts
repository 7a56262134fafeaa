import pg from 'pg'
import { PgBoss } from 'pg-boss'
import type { Carrier, CarrierParts } from './carrier.ts'
import type { Found } from './compare.ts'
import type { Envelope } from './envelope.ts'

const page = 2_000

/** Jobs by an instance of pg-boss beside the office's, read by SQL. What an envelope is says `docs/brokers/pg-boss.md`. */
export async function pgBossCarrier({ places, databaseUrl }: CarrierParts): Promise<Carrier> {
  const url = new URL(databaseUrl)
  url.pathname = '/fidelity_queue'
  const admin = new pg.Client(databaseUrl)
  await admin.connect()
  await admin.query('create database fidelity_queue')
  await admin.end()
  const boss = new PgBoss({ connectionString: url.href, supervise: false, schedule: false })
  boss.on('error', () => undefined)
  await boss.start()
  for (const place of places) await boss.createQueue(place)
  return {
    carries: {
      headerLists: true,
      typedHeaders: false,
      properties: 'any',
      timestamps: true,
      plainJson: true,
      failureHeaders: () => [],
    },
    queue: { type: 'pg-boss', url: url.href },
    async produce(place, envelopes) {
      await boss.insert(
        place,
        envelopes.map((envelope) => ({ data: written(envelope) })),
      )
    },
    async *read(place) {
      const client = new pg.Client(url.href)
      await client.connect()
      try {
        for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
          const { rows } = await client.query<{ id: string; data: Data }>(
            `select id, data from pgboss.job where name = $1 and id > $2 order by id limit ${page}`,
            [place, after],
          )
          const last = rows.at(-1)
          if (last === undefined) return
          after = last.id
          yield rows.map(({ data }) => foundIn(data))
        }
      } finally {
        await client.end()
      }
    },
    stop: () => boss.stop({ graceful: false, close: true }),
  }
}

type Text = string | { readonly base64: string } | null

interface Data {
  readonly key: Text
  readonly body: Text
  readonly headers: readonly { readonly name: Text; readonly value: Text }[]
  readonly properties?: Text
  readonly timestampMs?: number
}

function written({ isPlain, key, body, headers, properties, timestampMs }: Envelope): object {
  if (isPlain) return JSON.parse(String(body)) as object
  return {
    redrive: 1,
    key: textOf(key),
    body: textOf(body),
    headers: headers.map(({ name, value }) => ({
      name: textOf(Buffer.from(name)),
      value: textOf(value as Buffer | null),
    })),
    ...(Object.keys(properties).length === 0 ? {} : { properties: textOf(Buffer.from(JSON.stringify(properties))) }),
    timestampMs,
  }
}

function foundIn({ key, body, headers, properties, timestampMs }: Data): Found {
  return {
    key: bytesOf(key),
    body: bytesOf(body),
    headers: headers.map(({ name, value }) => ({ name: String(bytesOf(name)), value: bytesOf(value) })),
    properties: properties === undefined ? {} : (JSON.parse(String(bytesOf(properties))) as Record<string, unknown>),
    timestampMs: timestampMs ?? null,
  }
}

function textOf(bytes: Buffer | null): Text {
  if (bytes === null) return null
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) && !text.includes('\u0000') ? text : { base64: bytes.toString('base64') }
}

function bytesOf(text: Text): Buffer | null {
  if (text === null) return null
  return typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.base64, 'base64')
}
