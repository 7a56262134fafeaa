import { cleanText, cutEnd } from './cut-text.ts'
import { type DeathReason, tiers } from './failure.ts'
import type { Wire } from './wire.ts'
import { wireCaps as caps, maxHistory } from './wire-compact.ts'

const maxCount = 1_000_000_000
/** The last instant a `Date` can hold. */
const maxTimeMs = 8.64e15
const linePattern = /^[A-Za-z0-9_-]{22}$/
const reasons: readonly DeathReason[] = ['rejected', 'attempts', 'budget', 'crashed', 'held']

/** The wire in a text that anybody may have written, or `null` where there is none. Never throws. */
export function readWire(json: string): Wire | null {
  const fields = parseObject(json)
  return fields === null ? null : wireOf(fields)
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

function wireOf(fields: Fields): Wire | null {
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
    ...(own(fields, 'rd') === 1 ? { redirected: true } : {}),
    dueAtMs: integerOf(fields, 'due', maxTimeMs),
    history: historyOf(fields),
    line: lineOf(fields),
    notice: oneOf(fields, 'ntc', ['release'] as const),
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

function lineOf(fields: Fields): Wire['line'] {
  const line = own(fields, 'line')
  if (!Array.isArray(line)) return null
  const [key, at] = line as readonly unknown[]
  if (typeof key !== 'string' || !linePattern.test(key) || !isCount(at, maxTimeMs)) return null
  return { key, at, behind: idOf(fields, 'bhd') }
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
  if (typeof value !== 'string' || value === '' || value.length > caps.id) return null
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
