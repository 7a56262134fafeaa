import type { Header } from '../../message.ts'

const none: readonly Header[] = []

/** Pairs as a Kafka record holds them, in order, duplicates and nulls included. */
export type HeaderPairs = readonly (readonly [Uint8Array | null, Uint8Array | null])[]

export function headersFromPairs(pairs: HeaderPairs): readonly Header[] {
  if (pairs.length === 0) return none
  return pairs.map(([name, value]) => ({ name: nameOf(name), value }))
}

/**
 * A map for clients that take one: its keys are buffers, each its own, so that the same name may come twice and order stays.
 */
export function mapFromHeaders(headers: readonly Header[]): Map<Buffer, Buffer | null> {
  const map = new Map<Buffer, Buffer | null>()
  for (const { name, value } of headers) map.set(Buffer.from(name), value === null ? null : bufferOf(value))
  return map
}

/** The same memory: what is sent is not changed any more. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Values of one name, merged into a list when there are several, as kafkajs wants and gives them. */
export type MergedHeaders = Readonly<Record<string, Uint8Array | string | readonly (Uint8Array | string)[] | undefined>>

const empty = new Uint8Array(0)

/** The order between names is lost, and a null becomes empty: a copy of a message must always be writable. */
export function mergedFromHeaders(headers: readonly Header[]): Record<string, Buffer | Buffer[]> {
  const merged = new Map<string, Buffer | Buffer[]>()
  for (const { name, value } of headers) {
    const bytes = Buffer.from(value ?? empty)
    const before = merged.get(name)
    if (before === undefined) merged.set(name, bytes)
    else if (Array.isArray(before)) before.push(bytes)
    else merged.set(name, [before, bytes])
  }
  return Object.fromEntries(merged)
}

export function headersFromMerged(merged: MergedHeaders | undefined): readonly Header[] {
  if (merged === undefined) return none
  const headers: Header[] = []
  for (const [name, value] of Object.entries(merged)) {
    const values: readonly (Uint8Array | string | null)[] = isList(value) ? value : [value ?? null]
    for (const each of values) headers.push({ name, value: typeof each === 'string' ? Buffer.from(each) : each })
  }
  return headers
}

/** One object per header, in order, as the rdkafka API of confluent wants and gives them. */
export type HeaderObjects = readonly Readonly<Record<string, Uint8Array | string | null | undefined>>[]

/** A null becomes empty: this client would leave the header out without a word. */
export function objectsFromHeaders(headers: readonly Header[]): Record<string, Buffer>[] {
  return headers.map(({ name, value }) => ({ [name]: Buffer.from(value ?? empty) }))
}

export function headersFromObjects(objects: HeaderObjects | undefined): readonly Header[] {
  if (objects === undefined || objects.length === 0) return none
  return objects.flatMap((object) =>
    Object.entries(object).map(([name, value]) => ({
      name,
      value: typeof value === 'string' ? Buffer.from(value) : (value ?? null),
    })),
  )
}

function isList(value: MergedHeaders[string]): value is readonly (Uint8Array | string)[] {
  return Array.isArray(value)
}

function nameOf(name: Uint8Array | null): string {
  if (name === null) return ''
  return Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString('utf8')
}
