import { wireHeader } from '@redrive/worker'
import type { Envelope, EnvelopeHeader } from './envelope.ts'

/** What was read from the destination. */
export type Found = Pick<Envelope, 'key' | 'body' | 'headers' | 'properties' | 'timestampMs'>

export interface Difference {
  readonly field: string
  readonly expected: string
  readonly found: string
}

/**
 * Compares byte for byte, but for what a replay changes on purpose: headers that describe the failure are gone, and there is one header of ours
 * with a replay id.
 *
 * @param options.ordered the order of headers counts
 */
export function differenceOf(
  expected: Envelope,
  found: Found,
  options: { readonly ordered: boolean },
): Difference | null {
  const ours = found.headers.filter(({ name }) => name === wireHeader)
  if (ours.length !== 1 || !hasReplayId(ours[0]?.value))
    return { field: 'the header of the replay', expected: 'one, with a replay id', found: shown(ours) }
  const sort = (headers: readonly EnvelopeHeader[]): readonly string[] => {
    const texts = headers.map(({ name, value }) => canonical([name, value]))
    return options.ordered ? texts : texts.toSorted()
  }
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['key', expected.key, found.key],
    ['body', expected.body, found.body],
    [
      'headers',
      sort(expected.headers.filter(({ isStripped }) => isStripped !== true)),
      sort(found.headers.filter(({ name }) => name !== wireHeader)),
    ],
    // Jobs of others have columns instead.
    ...(expected.isPlain ? [] : ([['properties', expected.properties, found.properties]] as const)),
    ...(expected.timestampMs === null ? [] : ([['timestamp', expected.timestampMs, found.timestampMs]] as const)),
  ]
  for (const [field, wanted, got] of pairs)
    if (!isSame(wanted, got)) return { field, expected: shown(wanted), found: shown(got) }
  return null
}

function isSame(wanted: unknown, got: unknown): boolean {
  if (wanted instanceof Buffer && got instanceof Buffer) return wanted.equals(got)
  return canonical(wanted) === canonical(got)
}

/** Keeps types apart that print alike. */
function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return `${typeof value}:${JSON.stringify(value)}`
  const entries = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`)
  return `{${entries.toSorted().join(',')}}`
}

function hasReplayId(value: unknown): boolean {
  try {
    const parsed: unknown = JSON.parse(String(value))
    return typeof (parsed as { rp?: unknown }).rp === 'string'
  } catch {
    return false
  }
}

const shownLength = 200

function shown(value: unknown): string {
  const text =
    value instanceof Buffer ? `${value.length} bytes ${value.subarray(0, 100).toString('hex')}` : canonical(value)
  return text.length <= shownLength ? text : `${text.slice(0, shownLength)}…`
}

/** The number, kind and field, for a person, safe for a terminal. */
export function told(envelope: Envelope, { field, expected, found }: Difference): string {
  return `envelope ${envelope.id} (${envelope.kind}): ${field} differs\n  expected ${visible(expected)}\n  found    ${visible(found)}`
}

function visible(text: string): string {
  return text.replaceAll(/[^\x20-\x7e…]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}
