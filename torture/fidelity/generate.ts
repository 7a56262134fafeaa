import { encodeWire, freshWire } from '@redrive/worker'
import { randomFrom } from '../random.ts'
import { type Envelope, type EnvelopeHeader, idHeader, plainBody } from './envelope.ts'

/** What a broker can carry at all, as its page in `docs/brokers` says. Nothing else is made for it. */
export interface Carries {
  /** A header's name may be there twice, may be empty, and may hold a NUL; their order counts. */
  readonly headerLists: boolean
  /** Values of headers that are neither text nor bytes. */
  readonly typedHeaders: boolean
  /** Settings of a message beside its headers. */
  readonly properties: 'amqp' | 'any' | 'none'
  readonly timestamps: boolean
  /** Jobs of others, kept as a value of JSON. */
  readonly plainJson: boolean
  /** Headers other systems write about a failure there. */
  readonly failureHeaders: (random: () => number) => readonly EnvelopeHeader[]
}

/** The first so many have several MB. */
export const hugeOnes = 5

/** The same for the same seed and number, always: what was produced needs to be kept nowhere. */
export function envelopeOf(carries: Carries, { seed, id }: { readonly seed: number; readonly id: number }): Envelope {
  const random = randomFrom(seed ^ Math.imul(id + 1, 0x9e3779b1))
  const upTo = (most: number): number => Math.floor(random() * most)
  const chance = (share: number): boolean => random() < share
  const isHuge = id < hugeOnes
  if (carries.plainJson && !isHuge && chance(0.15)) {
    const body = Buffer.from(plainBody(id, textOf(upTo(80), random)))
    return { id, kind: 'plain JSON', key: null, body, headers: [], properties: {}, timestampMs: null, isPlain: true }
  }
  const [what, body] = isHuge ? ['huge', bytesOf(2_000_000 + upTo(2_000_000), random)] : bodyOf(random)
  const isBare = !isHuge && chance(0.1)
  const key = isBare ? Buffer.from(`fidelity:${id}`) : keyOf(random)
  return {
    id,
    kind: `${what}${isBare ? ', no headers' : ''}`,
    key,
    body,
    headers: isBare ? [] : headersOf(carries, { id, seed, random }),
    properties: propertiesOf(carries, { id, random }),
    timestampMs: carries.timestamps ? 1_600_000_000_000 + upTo(2 ** 31) : null,
    isPlain: false,
  }
}

function bodyOf(random: () => number): readonly [string, Buffer | null] {
  const dice = random()
  if (dice < 0.05) return ['null body', null]
  if (dice < 0.1) return ['empty body', Buffer.alloc(0)]
  if (dice < 0.35)
    return ['JSON body', Buffer.from(`{"n":9007199254740993, "t":${JSON.stringify(textOf(20, random))}}`)]
  if (dice < 0.6) return ['text body', Buffer.from(textOf(Math.floor(random() * 120), random))]
  if (dice < 0.61) return ['large body', bytesOf(10_000 + Math.floor(random() * 60_000), random)]
  return ['binary body', bytesOf(1 + Math.floor(random() * 300), random)]
}

function keyOf(random: () => number): Buffer | null {
  const dice = random()
  if (dice < 0.3) return null
  if (dice < 0.35) return Buffer.alloc(0)
  return dice < 0.7 ? Buffer.from(textOf(12, random)) : bytesOf(1 + Math.floor(random() * 24), random)
}

const names = ['tenant', 'content-type', 'X-Trace', 'größe', 'two words', '日本', '=cmd', '__x'] as const
const oddNames = ['', 'nul\u0000name', '__proto__', 'redrive-', 'REDRIVE'] as const

function headersOf(
  { headerLists, typedHeaders, failureHeaders }: Carries,
  { id, seed, random }: { readonly id: number; readonly seed: number; readonly random: () => number },
): readonly EnvelopeHeader[] {
  const all: EnvelopeHeader[] = [{ name: idHeader, value: Buffer.from(String(id)) }]
  const count = Math.floor(random() * 6)
  for (let n = 0; n < count; n += 1) {
    const pool = headerLists && random() < 0.2 ? oddNames : names
    const name = pool[Math.floor(random() * pool.length)] ?? ''
    if (!headerLists && all.some((each) => each.name === name)) continue
    all.push({ name, value: typedHeaders && random() < 0.3 ? typedOf(random) : valueOf(random) })
  }
  const [first] = all
  if (first !== undefined) all.splice(Math.floor(random() * all.length), 0, ...all.splice(0, 1))
  if (random() < 0.05) all.push(...failureHeaders(random))
  if (random() < 0.25) all.push(...wireOf(id, seed))
  return all
}

function valueOf(random: () => number): Buffer | null {
  const dice = random()
  if (dice < 0.15) return null
  if (dice < 0.3) return Buffer.alloc(0)
  if (dice < 0.65) return Buffer.from(textOf(16, random))
  return bytesOf(1 + Math.floor(random() * (dice > 0.98 ? 2_000 : 40)), random)
}

function typedOf(random: () => number): unknown {
  const values: readonly unknown[] = [
    true,
    false,
    Math.floor(random() * 2 ** 31),
    -Math.floor(random() * 2 ** 50),
    Math.floor(random() * 1_000) + 0.5,
    [textOf(4, random), 7, { deep: [null, true] }],
    { k: textOf(4, random), inner: { n: 1 } },
    { '!': 'timestamp', value: Math.floor(random() * 2 ** 31) },
  ]
  return values[Math.floor(random() * values.length)]
}

/** As a worker of ours leaves them; the stack holds what no header may. */
function wireOf(id: number, seed: number): readonly EnvelopeHeader[] {
  // Of few causes: making a new one for each letter is another test.
  const random = randomFrom(id % 16)
  const wire = freshWire({
    id: `fidelity-${seed}-${id}`,
    origin: {
      system: 'x',
      place: 'orders',
      consumer: 'reefer',
      partition: null,
      position: null,
      nativeId: null,
      timestampMs: null,
    },
    attempts: 5,
    tier: 'transient',
    failure: { errorClass: 'E', rootClass: 'E', message: textOf(20, random) },
    hops: 1,
  })
  const headers = encodeWire(wire, `E: ${textOf(30, random)}\n    at f (a.js:1:1)`, {
    headerBytes: 4_096,
    stackBytes: 4_096,
  })
  return headers.map(({ name, value }) => ({
    name,
    value: value === null ? null : Buffer.from(value),
    isStripped: true,
  }))
}

function propertiesOf(
  { properties }: Carries,
  { id, random }: { readonly id: number; readonly random: () => number },
): Readonly<Record<string, unknown>> {
  if (properties === 'none' || random() < 0.5) return {}
  if (properties === 'any') return { custom: textOf(8, random), nested: { list: [1, null, '\u0000'] } }
  return {
    contentType: 'application/octet-stream',
    messageId: `m-${id}`,
    ...(random() < 0.5 ? { correlationId: textOf(8, random), type: 'order.created', appId: 'shop' } : {}),
    ...(random() < 0.5 ? { priority: Math.floor(random() * 10), timestamp: 1_600_000_000 + id } : {}),
  }
}

const letters = ['a', 'Z', '0', ' ', '"', '\\', 'é', 'ß', '日', '😀', '\n', '\u202e', '\u001b'] as const

function textOf(length: number, random: () => number): string {
  let text = ''
  for (let n = 0; n < length; n += 1) text += letters[Math.floor(random() * letters.length)]
  return text
}

/** Any bytes, so most of them no UTF-8; of large ones the same block again and again, each time with its number. */
function bytesOf(length: number, random: () => number): Buffer {
  const block = Buffer.alloc(Math.min(length, 16_384))
  for (let at = 0; at < block.length; at += 1) block[at] = Math.floor(random() * 256)
  if (length <= block.length) return block
  const bytes = Buffer.alloc(length)
  for (let at = 0, n = 0; at < length; at += block.length, n += 1) {
    block.copy(bytes, at)
    if (at + 4 <= length) bytes.writeUInt32BE(n, at)
  }
  return bytes
}
