import { createHash } from 'node:crypto'
import { type Header } from '@redrive/worker'
import fc from 'fast-check'
import type { ArchivedLetter, ArchivedVersion } from '../archive/index.ts'
import { encodeHeaders } from '../store/header-list.ts'
import { contentHash } from '../store/letter-versions.ts'
import { uuidText } from '../store/uuid.ts'

const bytes = (maxLength: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength }).map((each) => Buffer.from(each))

const text: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('', ' ', '\uFEFFmarked', 'null', '{}', "'; drop table letter; --", '\u202Eevil', '\u0000'),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
)

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null, freq: 3 })
const uuid: fc.Arbitrary<string> = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(uuidText)
const time: fc.Arbitrary<Date> = fc.oneof(
  fc.date({ noInvalidDate: true }),
  fc.constantFrom(new Date(0), new Date(-1), new Date(8.64e15), new Date(-8.64e15), new Date(253_402_300_800_000)),
)
const int32: fc.Arbitrary<number> = fc.oneof(fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31)), fc.integer())
const int64: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(0n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
)
const json: fc.Arbitrary<string> = fc.oneof(fc.constantFrom('{}', '[]', 'null', '1.0', '{"a": 1e400}'), fc.json())
const body: fc.Arbitrary<Buffer | null> = optional(
  fc.oneof(
    bytes(60),
    fc.json().map((each) => Buffer.from(each)),
    fc.constant(Buffer.alloc(5_000, 'ab')),
  ),
)
const headers: fc.Arbitrary<Buffer> = fc.oneof(
  bytes(20),
  fc
    .array(
      fc
        .record({ name: fc.oneof(text, fc.constant('\ud800broken')), value: optional(bytes(20)), isJson: fc.boolean() })
        .map(({ name, value, isJson }): Header => (isJson ? { name, value, type: 'json' } : { name, value })),
      { maxLength: 5 },
    )
    .map(encodeHeaders),
)

const sha256 = (content: Buffer | null): Buffer =>
  createHash('sha256')
    .update(content ?? '')
    .digest()

const versions: fc.Arbitrary<readonly ArchivedVersion[]> = fc
  .array(
    fc.record({
      parent: int32,
      author: text,
      reason: text,
      createdAt: time,
      key: optional(bytes(20)),
      body,
      headers,
      bytes: int32,
      edit: json,
      transformId: optional(uuid),
    }),
    { maxLength: 3 },
  )
  .map((all) =>
    all.map((each, at) => ({
      ...each,
      version: at + 1,
      bodySha256: sha256(each.body),
      contentSha256: contentHash(each),
    })),
  )

const letter: fc.Arbitrary<ArchivedLetter> = fc
  .record({
    id: uuid,
    queue: fc.oneof(fc.constantFrom('orders', 'a/b c', '__proto__'), text),
    sourceBroker: text,
    sourcePlace: text,
    identity: bytes(16),
    cause: text,
    title: text,
    tier: fc.constantFrom('transient', 'permanent', 'malformed', 'timeout', 'exhausted', 'unknown'),
    state: fc.constantFrom<ArchivedLetter['state']>('open', 'replayed', 'discarded'),
    changedAt: time,
    version: int32,
    key: optional(bytes(20)),
    body,
    headers,
    properties: optional(bytes(20)),
    timestampMs: optional(int64),
    partition: text,
    position: optional(int64),
    bytes: int32,
    originSystem: optional(text),
    originPlace: optional(text),
    originPartition: optional(text),
    originPosition: optional(text),
    originRoute: optional(json),
    consumer: optional(text),
    errorClass: optional(text),
    message: optional(text),
    stack: optional(text),
    reason: optional(text),
    attempts: optional(int32),
    firstFailedAt: optional(time),
    lastFailedAt: optional(time),
    service: optional(text),
    release: optional(text),
    host: optional(text),
    traceparent: optional(text),
    wireId: optional(text),
    replayId: optional(uuid),
    hops: optional(int32),
    readers: fc.array(text, { maxLength: 3 }),
    failureHeaders: fc.array(text, { maxLength: 3 }),
    confidence: json,
    versions: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: versions }),
  })
  .map((each) => ({ ...each, bodySha256: sha256(each.body) }))

/** As an archive takes them: in the order of their ids, none twice. */
export function archivedLetters(count: {
  readonly minLength: number
  readonly maxLength: number
}): fc.Arbitrary<readonly ArchivedLetter[]> {
  return fc
    .uniqueArray(letter, { ...count, selector: ({ id }) => id, size: 'max' })
    .map((all) => all.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
}

/** The same each time; `n` makes it another one. */
export function archivedLetter(n: number, changes: Partial<ArchivedLetter> = {}): ArchivedLetter {
  const content = changes.body === undefined ? Buffer.from(`{"order":${n}}`) : changes.body && Buffer.from(changes.body)
  return {
    id: `01890000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`,
    queue: 'orders',
    sourceBroker: 'main',
    sourcePlace: 'orders-dead',
    identity: Buffer.alloc(16, n),
    cause: 'c_0123456789abc',
    title: 'InventoryError: no slot',
    tier: 'permanent',
    state: 'open',
    changedAt: new Date(1_700_000_000_123),
    version: changes.versions?.length ?? 0,
    key: Buffer.from(`key-${n}`),
    body: content,
    bodySha256: sha256(content),
    headers: encodeHeaders([{ name: 'x-try', value: Buffer.from(String(n)) }]),
    properties: null,
    timestampMs: 1_700_000_000_000n,
    partition: '3',
    position: BigInt(n),
    bytes: 100,
    originSystem: 'kafka',
    originPlace: 'orders',
    originPartition: '3',
    originPosition: String(n),
    originRoute: null,
    consumer: 'reefer',
    errorClass: 'InventoryError',
    message: `no slot for order ${n}`,
    stack: 'InventoryError: no slot\n    at allocate (inventory.ts:12:3)',
    reason: 'attempts',
    attempts: 5,
    firstFailedAt: new Date(1_700_000_000_001),
    lastFailedAt: new Date(1_700_000_000_002),
    service: 'reefer',
    release: '1.4.1',
    host: 'host-1',
    traceparent: null,
    wireId: `wire-${n}`,
    replayId: null,
    hops: 1,
    readers: ['redrive'],
    failureHeaders: ['redrive'],
    confidence: '{"message": "sure"}',
    versions: [],
    ...changes,
  }
}

export function archivedVersion(version: number, content: Buffer | null): ArchivedVersion {
  const key = Buffer.from('key')
  const headers = encodeHeaders([])
  return {
    version,
    parent: version - 1,
    author: 'ann',
    reason: 'the order was wrong',
    createdAt: new Date(1_700_000_100_000),
    key,
    body: content,
    bodySha256: sha256(content),
    headers,
    contentSha256: contentHash({ key, body: content, headers }),
    bytes: 10,
    edit: '{"patch": []}',
    transformId: null,
  }
}
