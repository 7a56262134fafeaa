import { isUtf8 } from 'node:buffer'
import { decodeHeaders } from '../store/header-list.ts'
import { jsonTokens } from './json-tokens.ts'
import { isName, type LetterTokens, type Token, valueToken } from './token.ts'

/** A letter as it was captured. Parts that are too large are not read; then they are `null` and their `…Bytes` say so. */
export interface LetterRow {
  readonly id: string
  readonly queue: string | null
  readonly tier: string | null
  readonly captured_at: Date
  readonly last_failed_at: Date | null
  readonly error_class: string | null
  readonly consumer: string | null
  readonly service: string | null
  readonly release: string | null
  readonly host: string | null
  readonly partition: string | null
  readonly origin: string | null
  readonly attempts: number | null
  readonly reason: string | null
  readonly readers: readonly string[]
  readonly returned: boolean
  readonly failure_headers: readonly string[]
  readonly bytes: number
  readonly key: Buffer | null
  readonly headers: Buffer | null
  readonly properties: Buffer | null
  readonly properties_bytes: number | null
  readonly body: Buffer | null
  readonly body_bytes: number | null
}

/** `hour of day (UTC)`: when it died, else when it was captured. */
export const hourFacet = 'hour of day (UTC)'
export const diedAt = (row: LetterRow): Date => row.last_failed_at ?? row.captured_at

const maxHeaders = 100

/** @param options `withBody` false: nothing is said of the body. @default true */
export function tokensOfLetter(
  row: LetterRow,
  { withBody = true }: { readonly withBody?: boolean } = {},
): LetterTokens {
  const headers = row.headers === null ? undefined : headerTokens(row.headers, new Set(row.failure_headers))
  const properties = propertyTokens(row)
  return {
    letter: columnTokens(row),
    ...(headers === undefined ? {} : { headers }),
    ...(properties === undefined ? {} : { properties }),
    ...(withBody ? bodyTokens(row) : {}),
  }
}

function columnTokens(row: LetterRow): readonly Token[] {
  const columns: readonly (readonly [string, string | null])[] = [
    ['queue', row.queue],
    ['tier', row.tier],
    ['error class', row.error_class],
    ['consumer', row.consumer],
    ['service', row.service],
    ['release', row.release],
    ['host', row.host],
    ['partition', row.partition],
    ['origin', row.origin],
    ['attempts', row.attempts === null ? null : String(row.attempts)],
    ['reason', row.reason],
    ['read as', row.readers.join(', ')],
    ['from a replay', row.returned ? 'yes' : null],
    ['size', sizeOf(row.bytes)],
    [hourFacet, String(diedAt(row).getUTCHours())],
    ['key', row.key === null ? null : textOf(row.key)],
  ]
  return columns.flatMap(([facet, value]) => (value === null ? [] : named(facet, value)))
}

const named = (facet: string, value: string): readonly Token[] => [
  { facet, what: 'there', value: null },
  valueToken(facet, value),
]

/** Those that say how the letter died are left out: that is what its columns say. */
function headerTokens(bytes: Buffer, failure: ReadonlySet<string>): readonly Token[] | undefined {
  const headers = decodeHeaders(bytes)
  if (headers.length > maxHeaders) return undefined
  return headers
    .filter(({ name }) => !failure.has(name) && isName(name))
    .flatMap(({ name, value }) => {
      const facet = `header:${name}`
      if (value === null) return [there(facet), { facet, what: 'kind', value: 'null' } as const]
      const text = textOf(value)
      if (text === null) return [there(facet), { facet, what: 'kind', value: 'bytes' } as const]
      return text === '' ? [there(facet), { facet, what: 'kind', value: 'empty' } as const] : named(facet, text)
    })
}

const there = (facet: string): Token => ({ facet, what: 'there', value: null })

function propertyTokens({ properties, properties_bytes: size }: LetterRow): readonly Token[] | undefined {
  if (size === null) return []
  return properties === null ? undefined : jsonTokens('property:', parsed(properties))
}

function bodyTokens({ body, body_bytes: size }: LetterRow): LetterTokens {
  if (size === null || size === 0) return bodyOf('empty', [])
  if (body === null) return bodyOf('too large to look into')
  if (!isUtf8(body)) return bodyOf('bytes', [])
  const json = parsed(body)
  if (json === undefined) return bodyOf('text', [])
  if (typeof json !== 'object' || json === null) return bodyOf('a JSON value', [])
  return bodyOf(Array.isArray(json) ? 'a JSON array' : 'a JSON object', jsonTokens('body:', json))
}

const bodyOf = (kind: string, tokens?: readonly Token[]): LetterTokens => ({
  'body kind': [{ facet: 'body', what: 'is', value: kind }],
  ...(tokens === undefined ? {} : { body: tokens }),
})

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

function textOf(bytes: Uint8Array): string | null {
  return isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8') : null
}

function sizeOf(bytes: number): string {
  const limits = [
    [1_024, 'below 1 KB'],
    [10_240, '1 to 10 KB'],
    [102_400, '10 to 100 KB'],
    [1_048_576, '100 KB to 1 MB'],
  ] as const
  return limits.find(([below]) => bytes < below)?.[1] ?? '1 MB or more'
}
