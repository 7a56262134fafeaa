import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import type { Header } from '@redrive/worker'
import type { RawLetter } from '@redrive/worker/readers'

/** A letter that a real framework wrote, with what its program's own log says of it. */
export interface LetterFixture {
  readonly framework: string
  readonly letter: RawLetter
  readonly truth: LetterTruth
}

export interface LetterTruth {
  readonly origin: string | null
  readonly consumer: string | null
  readonly errorClass: string | null
  readonly message: string | null
  readonly attempts: number | null
  readonly bodySha256: string | null
  /** AMQP only: where the message was published to. */
  readonly exchange?: string
  readonly routingKey?: string
}

/** Reads a file of fixtures, one JSON object a line, gzipped or not. */
export async function readFixtures(file: string): Promise<LetterFixture[]> {
  const bytes = await readFile(file)
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8')
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => fixtureOf(JSON.parse(line)))
}

interface Line {
  readonly framework: string
  readonly transport: 'kafka' | 'amqp' | 'postgres'
  readonly place: string
  readonly raw: KafkaRaw & AmqpRaw & TableRaw
  readonly truth: LetterTruth
}

interface KafkaRaw {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

interface AmqpRaw {
  readonly properties: Readonly<Record<string, unknown>>
  readonly body: { readonly b64: string }
}

interface TableRaw {
  readonly row: Readonly<Record<string, unknown>> & { readonly name: string; readonly data: unknown }
}

const letterOf: Record<Line['transport'], (line: Line) => RawLetter> = {
  kafka: kafkaLetter,
  amqp: amqpLetter,
  postgres: rowLetter,
}

function fixtureOf(line: Line): LetterFixture {
  const convert = letterOf[line.transport]
  if (convert === undefined) throw new Error(`no way to read letters of transport ${String(line.transport)}`)
  return { framework: line.framework, letter: convert(line), truth: line.truth }
}

function kafkaLetter({ raw }: Line): RawLetter {
  return {
    system: 'kafka',
    place: raw.topic,
    partition: String(raw.partition),
    position: BigInt(raw.offset),
    message: {
      key: fromBase64(raw.key),
      body: fromBase64(raw.value),
      headers: raw.headers.map(([name, value]) => ({ name, value: fromBase64(value) })),
      timestampMs: raw.timestamp,
    },
  }
}

function amqpLetter({ raw, place }: Line): RawLetter {
  const headers = raw.headers as unknown as readonly { readonly name: string; readonly value: unknown }[]
  return {
    system: 'rabbitmq',
    place: place.replace(/^queue /, ''),
    partition: null,
    position: null,
    message: {
      key: null,
      body: fromBase64(raw.body.b64),
      headers: headers.map(({ name, value }) => amqpHeader(name, value)),
      properties: raw.properties,
    },
  }
}

function amqpHeader(name: string, value: unknown): Header {
  if (value === null) return { name, value: null }
  if (typeof value === 'string') return { name, value: Buffer.from(value) }
  if (typeof value === 'object' && 'b64' in value) return { name, value: fromBase64(String(value.b64)) }
  return { name, value: Buffer.from(JSON.stringify(value)), type: 'json' }
}

function rowLetter({ raw }: Line): RawLetter {
  const { data, ...properties } = raw.row
  return {
    system: 'pg-boss',
    place: raw.row.name,
    partition: null,
    position: null,
    message: { key: null, body: Buffer.from(JSON.stringify(data)), headers: [], properties },
  }
}

function fromBase64(value: string | null): Uint8Array | null {
  return value === null ? null : Buffer.from(value, 'base64')
}
