import type { MessageSample } from '@redrive/worker'

const maxSamples = 100
const maxHeaders = 50
const maxName = 120
const maxValue = 200
const maxBodyBytes = 4_096

/** Samples of a report; those that no worker would have written are left out, and the report's counts stay. */
export function parseSamples(value: unknown): readonly MessageSample[] {
  if (!Array.isArray(value)) return []
  return value.slice(0, maxSamples).flatMap((each: unknown) => parseSample(each) ?? [])
}

function parseSample(value: unknown): MessageSample | null {
  if (typeof value !== 'object' || value === null) return null
  const { partition, headers, body } = value as Readonly<Record<string, unknown>>
  const parsed = headers === null ? null : parseHeaders(headers)
  if (parsed === undefined || !isText(partition, 64) || !isText(body, maxBodyBytes)) return null
  if (body !== null && Buffer.byteLength(body) > maxBodyBytes) return null
  return { partition, headers: parsed, body }
}

function parseHeaders(value: unknown): MessageSample['headers'] | undefined {
  if (!Array.isArray(value) || value.length > maxHeaders) return undefined
  const headers: (readonly [string] | readonly [string, string | null])[] = []
  for (const each of value as readonly unknown[]) {
    if (!Array.isArray(each) || typeof each[0] !== 'string' || each[0].length > maxName) return undefined
    if (each.length === 1) headers.push([each[0]])
    else if (isText(each[1], maxValue)) headers.push([each[0], each[1]])
    else return undefined
  }
  return headers
}

function isText(value: unknown, maxLength: number): value is string | null {
  return value === null || (typeof value === 'string' && value.length <= maxLength)
}
