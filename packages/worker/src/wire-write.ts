import { cutEnd } from './cut-text.ts'
import type { Wire } from './wire.ts'
import { type CompactWire, wireCaps as caps, maxHistory, minimalWireBytes } from './wire-compact.ts'

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
  'bhd',
] as const

/** The wire as JSON of at most `maxBytes`; 300 are always taken where they are needed. Never fails. */
export function writeWire(wire: Wire, maxBytes: number): string {
  const whole = compact(wire)
  const json = JSON.stringify(whole)
  return Buffer.byteLength(json) <= maxBytes ? json : fitting(whole, Math.max(minimalWireBytes, maxBytes))
}

function compact(wire: Wire): CompactWire {
  const { origin, failure, worker } = wire
  const fields: CompactWire = {
    v: 1,
    id: cutEnd(wire.id, caps.id),
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
  if (wire.replayId !== null) fields.rp = cutEnd(wire.replayId, caps.id)
  if (wire.redirected === true) fields.rd = 1
  if (wire.dueAtMs !== null) fields.due = wire.dueAtMs
  if (wire.line !== null) {
    fields.line = [cutEnd(wire.line.key, caps.line), wire.line.at]
    if (wire.line.behind !== null) fields.bhd = cutEnd(wire.line.behind, caps.id)
  }
  if (wire.notice !== null) fields.ntc = wire.notice
  if (wire.history.length > 0) {
    fields.his = wire.history
      .slice(0, maxHistory)
      .map(({ errorClass, message, count }) => [cutEnd(errorClass, caps.cls), cutEnd(message, caps.msg), count])
  }
  return fields
}

/** Too much for `maxBytes`: details go until the rest fits, then message and history take what room is left. */
function fitting(whole: CompactWire, maxBytes: number): string {
  const { msg, his, ...fields }: CompactWire = whole
  if (bytesOf(fields) > maxBytes) {
    if (fields.cls !== undefined) fields.cls = fitJson(fields.cls, 60)
    if (fields.root !== undefined) fields.root = fitJson(fields.root, 60)
  }
  for (const key of droppable) {
    if (bytesOf(fields) <= maxBytes) break
    delete fields[key]
  }
  if (bytesOf(fields) > maxBytes) return JSON.stringify(minimal(fields))
  const result: CompactWire = fields
  const messageRoom = maxBytes - bytesOf(fields) - ',"msg":""'.length
  if (msg !== undefined && fields.cls !== undefined && messageRoom >= 8) result.msg = fitJson(msg, messageRoom)
  for (const [errorClass, message, count] of his ?? []) {
    const longer = [...(result.his ?? []), [errorClass, fitJson(message, 200), count] as [string, string, number]]
    if (bytesOf({ ...result, his: longer }) > maxBytes) break
    result.his = longer
  }
  return JSON.stringify(result)
}

function minimal(fields: CompactWire): CompactWire {
  const kept: CompactWire = { ...fields, id: fitJson(fields.id, 64), dst: '', grp: '' }
  if (fields.rp !== undefined) kept.rp = fitJson(fields.rp, 64)
  const room = Math.max(0, minimalWireBytes - bytesOf(kept))
  kept.grp = fitJson(fields.grp, Math.floor(room / 2))
  kept.dst = fitJson(fields.dst, Math.max(0, minimalWireBytes - bytesOf(kept)))
  return kept
}

function bytesOf(fields: CompactWire): number {
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
