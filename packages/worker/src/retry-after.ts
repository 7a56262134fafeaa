import { errorChain } from './error-chain.ts'
import { read } from './guarded-read.ts'

const maxMs = 24 * 3_600_000
const spellings = ['retry-after', 'Retry-After', 'RETRY-AFTER'] as const
const maxRawHeaders = 200

/**
 * How long the other side asked to wait, from the `Retry-After` of the response an error carries (fetch, undici, axios, got, AWS SDK):
 * seconds or an HTTP date, 0 to 24 hours; `undefined` without a valid one. Looks through causes, outermost first. Never throws.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function retryAfterMs(error: unknown, nowMs: number): number | undefined {
  for (const link of errorChain(error)) {
    for (const holder of [read(link, 'response'), read(link, '$response'), link]) {
      const delayMs = parse(headerOf(read(holder, 'headers')), nowMs)
      if (delayMs !== undefined) return Math.min(delayMs, maxMs)
    }
  }
  return undefined
}

/** From a `Headers`, a `Map`, a plain record, or undici's flat list of names and values. */
function headerOf(headers: unknown): unknown {
  if (isList(headers)) return fromList(headers)
  for (const name of spellings) {
    const value = read(headers, name) ?? got(headers, name)
    if (value !== undefined && value !== null) return isList(value) ? read(value, 0) : value
  }
  return undefined
}

function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

function fromList(headers: readonly unknown[]): unknown {
  for (let at = 0; at + 1 < maxRawHeaders; at += 2) {
    const name = read(headers, at)
    if (name === undefined) return undefined
    if (/^retry-after$/i.test(textOf(name))) return read(headers, at + 1)
  }
  return undefined
}

function got(headers: unknown, name: string): unknown {
  const get = read(headers, 'get')
  if (typeof get !== 'function') return undefined
  try {
    return get.call(headers, name) as unknown
  } catch {
    return undefined
  }
}

function parse(value: unknown, nowMs: number): number | undefined {
  const text = textOf(value).trim()
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000
  const atMs = dateMs(text)
  return atMs === undefined ? undefined : Math.max(0, atMs - nowMs)
}

/** The three forms of RFC 9110 § 5.6.7, of which the last one names no time zone and means GMT. */
function dateMs(text: string): number | undefined {
  const usual = /^[A-Z][a-z]{2,8}, \d\d[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d GMT$/.test(text)
  const asctime = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/.test(text)
  if (!usual && !asctime) return undefined
  const atMs = Date.parse(usual ? text : `${text} GMT`)
  return Number.isNaN(atMs) ? undefined : atMs
}

function textOf(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return value.length > 64 ? '' : value
  return value instanceof Uint8Array && value.byteLength <= 64 ? Buffer.from(value).toString('latin1') : ''
}
