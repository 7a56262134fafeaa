import { cleanText, cutEnd, cutMiddle } from './cut-text.ts'
import { type DeathReason, type Tier, tiers } from './failure.ts'
import { type Header, type Message, messageBytes } from './message.ts'
import { stackHeader, type Wire, wireHeader } from './wire.ts'

/** What the two headers may take, in bytes of their values. */
export interface WireBudget {
  /** For `redrive`. Below 300 the minimal wire is written all the same, which never takes more than 300. */
  readonly headerBytes: number
  /** For `redrive-stack`; 0 leaves it out. */
  readonly stackBytes: number
}

/** What a carrier without tight limits gets: 4 KiB and 32 KiB. */
export const defaultWireBudget: WireBudget = { headerBytes: 4096, stackBytes: 32_768 }

/** Bytes of the smallest wire: identity, place, consumer, tier and the counters without which a message could retry forever. */
const minimalBytes = 300
/** Names of both headers and a carrier's framing of two headers and one message. */
const framingBytes = wireHeader.length + stackHeader.length + 108
const smallestStackBytes = 256
const maxReadBytes = 65_536
const maxIdLength = 128
const maxHistory = 5
const maxCount = 1_000_000_000
const maxTimeMs = 8.64e15
const reasons: readonly DeathReason[] = ['rejected', 'attempts', 'budget', 'crashed']
/** Given up in this order when there is too little room, the least missed first. */
const droppable = [
  'tp',
  'host',
  'ts',
  'nid',
  'rel',
  'svc',
  'root',
  'first',
  'last',
  'off',
  'part',
  'max',
  'cls',
  'sys',
] as const

/** The longest text of each field in UTF-16 units, on write and on read. */
const caps = { sys: 64, place: 255, part: 64, nid: 512, name: 255, cls: 200, msg: 4000, tp: 128 } as const

/** The wire as JSON: short keys, nulls and zeros left out. */
interface Compact {
  v: number
  id: string
  sys?: string
  dst: string
  part?: string
  off?: string
  nid?: string
  ts?: number
  grp: string
  att: number
  max?: number
  first?: number
  last?: number
  cls?: string
  root?: string
  msg?: string
  tier?: Tier
  rsn?: DeathReason
  svc?: string
  rel?: string
  host?: string
  tp?: string
  hops?: number
  cr?: number
  rp?: string
  due?: number
  his?: [errorClass: string, message: string, count: number][]
}

/**
 * The headers that hold a wire: `redrive`, and `redrive-stack` where there is a stack and room for it. Never fails: what does
 * not fit the budget goes in the order stack, history, message, class text, details; identity and counters always stay.
 * Appending them to `stripWire(headers)` replaces an older wire.
 */
export function encodeWire(wire: Wire, stack: string | null, budget: WireBudget): Header[] {
  const headers: Header[] = [{ name: wireHeader, value: utf8.encode(encodeJson(wire, budget.headerBytes)) }]
  if (stack === null || budget.stackBytes < 1) return headers
  const text = cutMiddle(stack, budget.stackBytes)
  if (text !== '') headers.push({ name: stackHeader, value: utf8.encode(text) })
  return headers
}

/**
 * The wire a message carries, or `null` where it carries none. Trusts nothing: a field of the wrong type or out of range reads as
 * null (counters as 0, names as empty), text is capped and cleaned, later versions are read as far as they are understood.
 * Of several `redrive` headers the last one counts. Never throws.
 */
export function decodeWire(headers: readonly Header[]): { readonly wire: Wire; readonly stack: string | null } | null {
  const value = lastValue(headers, wireHeader)
  if (value === null || value.byteLength > maxReadBytes) return null
  const fields = parseObject(decodeText(value))
  if (fields === null) return null
  const wire = readWire(fields)
  if (wire === null) return null
  const stackValue = lastValue(headers, stackHeader)
  const stack = stackValue === null ? null : cutMiddle(decodeText(stackValue.subarray(0, maxReadBytes)), maxReadBytes)
  return { wire, stack: stack === '' ? null : stack }
}

/** All headers but ours, in their order. */
export function stripWire(headers: readonly Header[]): Header[] {
  return headers.filter(({ name }) => name !== wireHeader && name !== stackHeader)
}

/**
 * What the limits of a broker leave beside the message's own bytes: at most 4 KiB and 32 KiB, at least the 300 bytes of the minimal
 * wire, even where the message alone is at the limit already.
 */
export function budgetFor(
  limits: { readonly maxBytes: number; readonly maxHeaderBytes: number },
  message: Message,
): WireBudget {
  const headers = stripWire(message.headers)
  const headerBytes = messageBytes({ key: null, body: null, headers })
  const freeBytes =
    Math.min(limits.maxBytes - messageBytes({ ...message, headers }), limits.maxHeaderBytes - headerBytes) -
    framingBytes
  const forWire = Math.max(minimalBytes, Math.min(defaultWireBudget.headerBytes, freeBytes))
  const forStack = Math.min(defaultWireBudget.stackBytes, freeBytes - forWire)
  return { headerBytes: forWire, stackBytes: forStack < smallestStackBytes ? 0 : forStack }
}

const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

function encodeJson(wire: Wire, maxBytes: number): string {
  const whole = compact(wire)
  const json = JSON.stringify(whole)
  return Buffer.byteLength(json) <= maxBytes ? json : fitting(whole, Math.max(minimalBytes, maxBytes))
}

function compact(wire: Wire): Compact {
  const { origin, failure, worker } = wire
  const fields: Compact = {
    v: 1,
    id: cutEnd(wire.id, maxIdLength),
    sys: cutEnd(origin.system, caps.sys),
    dst: cutEnd(origin.place, caps.place),
    grp: cutEnd(origin.consumer, caps.name),
    att: wire.attempts,
  }
  if (origin.partition !== null) fields.part = cutEnd(origin.partition, caps.part)
  if (origin.position !== null) fields.off = cutEnd(origin.position, caps.part)
  if (origin.nativeId !== null) fields.nid = cutEnd(origin.nativeId, caps.nid)
  if (origin.timestampMs !== null) fields.ts = origin.timestampMs
  if (wire.maxAttempts !== null) fields.max = wire.maxAttempts
  if (wire.firstFailedAtMs !== null) fields.first = wire.firstFailedAtMs
  if (wire.lastFailedAtMs !== null) fields.last = wire.lastFailedAtMs
  if (failure !== null) {
    fields.cls = cutEnd(failure.errorClass, caps.cls)
    if (failure.rootClass !== failure.errorClass) fields.root = cutEnd(failure.rootClass, caps.cls)
    fields.msg = cutEnd(failure.message, caps.msg)
  }
  if (wire.tier !== null) fields.tier = wire.tier
  if (wire.reason !== null) fields.rsn = wire.reason
  if (worker !== null) {
    fields.svc = cutEnd(worker.service, caps.name)
    if (worker.release !== null) fields.rel = cutEnd(worker.release, caps.name)
    if (worker.host !== null) fields.host = cutEnd(worker.host, caps.name)
  }
  if (wire.traceparent !== null) fields.tp = cutEnd(wire.traceparent, caps.tp)
  if (wire.hops !== 0) fields.hops = wire.hops
  if (wire.crashes !== 0) fields.cr = wire.crashes
  if (wire.replayId !== null) fields.rp = cutEnd(wire.replayId, maxIdLength)
  if (wire.dueAtMs !== null) fields.due = wire.dueAtMs
  if (wire.history.length > 0) {
    fields.his = wire.history
      .slice(0, maxHistory)
      .map(({ errorClass, message, count }) => [cutEnd(errorClass, caps.cls), cutEnd(message, caps.msg), count])
  }
  return fields
}

/** Too much for `maxBytes`: details go until the rest fits, then message and history take what room is left. */
function fitting(whole: Compact, maxBytes: number): string {
  const { msg, his, ...fields }: Compact = whole
  if (bytesOf(fields) > maxBytes) {
    if (fields.cls !== undefined) fields.cls = fitJson(fields.cls, 60)
    if (fields.root !== undefined) fields.root = fitJson(fields.root, 60)
  }
  for (const key of droppable) {
    if (bytesOf(fields) <= maxBytes) break
    delete fields[key]
  }
  if (bytesOf(fields) > maxBytes) return JSON.stringify(minimal(fields))
  const result: Compact = fields
  const messageRoom = maxBytes - bytesOf(fields) - ',"msg":""'.length
  if (msg !== undefined && fields.cls !== undefined && messageRoom >= 8) result.msg = fitJson(msg, messageRoom)
  for (const [errorClass, message, count] of his ?? []) {
    const longer = [...(result.his ?? []), [errorClass, fitJson(message, 200), count] as [string, string, number]]
    if (bytesOf({ ...result, his: longer }) > maxBytes) break
    result.his = longer
  }
  return JSON.stringify(result)
}

function minimal(fields: Compact): Compact {
  const kept: Compact = { ...fields, id: fitJson(fields.id, 64), dst: '', grp: '' }
  if (fields.rp !== undefined) kept.rp = fitJson(fields.rp, 64)
  const room = Math.max(0, minimalBytes - bytesOf(kept))
  kept.grp = fitJson(fields.grp, Math.floor(room / 2))
  kept.dst = fitJson(fields.dst, Math.max(0, minimalBytes - bytesOf(kept)))
  return kept
}

function bytesOf(fields: Compact): number {
  return Buffer.byteLength(JSON.stringify(fields))
}

/** The text, or its start and `…`, so that it takes at most `maxBytes` between JSON quotes. Takes clean text. */
function fitJson(text: string, maxBytes: number): string {
  if (text.length <= maxBytes && Buffer.byteLength(JSON.stringify(text)) - 2 <= maxBytes) return text
  let bytes = 3
  let end = 0
  for (const character of text) {
    bytes += jsonBytes(character.codePointAt(0) ?? 0)
    if (bytes > maxBytes) break
    end += character.length
  }
  return maxBytes < 3 ? '' : `${text.slice(0, end)}…`
}

/** Bytes of one character of clean text in JSON: of all that JSON escapes, these four are left. */
function jsonBytes(codePoint: number): number {
  if (codePoint === 0x22 || codePoint === 0x5c || codePoint === 0x0a || codePoint === 0x09) return 2
  if (codePoint < 0x80) return 1
  if (codePoint < 0x800) return 2
  return codePoint < 0x10000 ? 3 : 4
}

function lastValue(headers: readonly Header[], name: string): Uint8Array | null {
  for (let at = headers.length - 1; at >= 0; at -= 1) {
    const header = headers[at]
    if (header?.name === name) return header.value
  }
  return null
}

function decodeText(bytes: Uint8Array): string {
  return fromUtf8.decode(bytes)
}

type Fields = Readonly<Record<string, unknown>>

function parseObject(json: string): Fields | null {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null
  } catch {
    return null
  }
}

function readWire(fields: Fields): Wire | null {
  const id = idOf(fields, 'id')
  if (id === null) return null
  return {
    id,
    origin: {
      system: textOf(fields, 'sys', caps.sys) ?? '',
      place: textOf(fields, 'dst', caps.place) ?? '',
      consumer: textOf(fields, 'grp', caps.name) ?? '',
      partition: textOf(fields, 'part', caps.part),
      position: textOf(fields, 'off', caps.part),
      nativeId: textOf(fields, 'nid', caps.nid),
      timestampMs: integerOf(fields, 'ts', maxTimeMs),
    },
    attempts: integerOf(fields, 'att', maxCount) ?? 0,
    maxAttempts: integerOf(fields, 'max', maxCount),
    firstFailedAtMs: integerOf(fields, 'first', maxTimeMs),
    lastFailedAtMs: integerOf(fields, 'last', maxTimeMs),
    failure: failureOf(fields),
    tier: oneOf(fields, 'tier', tiers),
    reason: oneOf(fields, 'rsn', reasons),
    worker: workerOf(fields),
    traceparent: textOf(fields, 'tp', caps.tp),
    hops: integerOf(fields, 'hops', maxCount) ?? 0,
    crashes: integerOf(fields, 'cr', maxCount) ?? 0,
    replayId: idOf(fields, 'rp'),
    dueAtMs: integerOf(fields, 'due', maxTimeMs),
    history: historyOf(fields),
  }
}

function failureOf(fields: Fields): Wire['failure'] {
  const errorClass = textOf(fields, 'cls', caps.cls)
  const rootClass = textOf(fields, 'root', caps.cls)
  const message = textOf(fields, 'msg', caps.msg)
  if (errorClass === null && rootClass === null && message === null) return null
  return { errorClass: errorClass ?? '', rootClass: rootClass ?? errorClass ?? '', message: message ?? '' }
}

function workerOf(fields: Fields): Wire['worker'] {
  const service = textOf(fields, 'svc', caps.name)
  const release = textOf(fields, 'rel', caps.name)
  const host = textOf(fields, 'host', caps.name)
  return service === null && release === null && host === null ? null : { service: service ?? '', release, host }
}

function historyOf(fields: Fields): Wire['history'] {
  const list = own(fields, 'his')
  if (!Array.isArray(list)) return []
  const history: Wire['history'][number][] = []
  for (const entry of list.slice(0, maxHistory) as readonly unknown[]) {
    if (!Array.isArray(entry)) continue
    const [errorClass, message, count] = entry as readonly unknown[]
    if (typeof errorClass !== 'string' || typeof message !== 'string' || !isCount(count, maxCount)) continue
    history.push({ errorClass: cutEnd(errorClass, caps.cls), message: cutEnd(message, caps.msg), count })
  }
  return history
}

function own(fields: Fields, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined
}

function textOf(fields: Fields, key: string, maxLength: number): string | null {
  const value = own(fields, key)
  return typeof value === 'string' ? cutEnd(value, maxLength) : null
}

/** An identity is taken whole or not at all: cut, it would be another one. */
function idOf(fields: Fields, key: string): string | null {
  const value = own(fields, key)
  if (typeof value !== 'string' || value === '' || value.length > maxIdLength) return null
  return cleanText(value) === value ? value : null
}

function integerOf(fields: Fields, key: string, max: number): number | null {
  const value = own(fields, key)
  return isCount(value, max) ? value : null
}

function isCount(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max
}

function oneOf<Value extends string>(fields: Fields, key: string, values: readonly Value[]): Value | null {
  const value = own(fields, key)
  return values.find((candidate) => candidate === value) ?? null
}
