/** A message as a test sees it on any broker, independent of the product's own words. */
export interface Envelope {
  /** Its number; travels as the header `fidelity`, or in the key where there are no headers, or inside plain JSON. */
  readonly id: number
  readonly kind: string
  readonly key: Buffer | null
  readonly body: Buffer | null
  readonly headers: readonly EnvelopeHeader[]
  /** AMQP properties, or those of an envelope of pg-boss. */
  readonly properties: Readonly<Record<string, unknown>>
  /** Epoch milliseconds; `null` where its broker gives it. */
  readonly timestampMs: number | null
  /** Nothing but JSON, which its broker keeps as a value. */
  readonly isPlain: boolean
}

export interface EnvelopeHeader {
  readonly name: string
  /** Bytes or `null`; on AMQP what its client writes: text, bytes, numbers, lists, tables. */
  readonly value: unknown
  /** Describes a failure, so it is not sent again. */
  readonly isStripped?: true
}

export const idHeader = 'fidelity'
const idKey = /^fidelity:(\d{1,9})$/

/** The number in what was read, or `null` where it has none. */
export function idOf({ key, headers, body }: Pick<Envelope, 'key' | 'headers' | 'body'>): number | null {
  const header = headers.find(({ name }) => name === idHeader)?.value
  if (header instanceof Buffer) return numberIn(header.toString('latin1'))
  const inKey = idKey.exec(key?.toString('latin1') ?? '')
  if (inKey !== null) return Number(inKey[1])
  const inBody = /"fidelity":(\d{1,9})\}$/.exec(body?.subarray(-40).toString('latin1') ?? '')
  return inBody === null ? null : Number(inBody[1])
}

function numberIn(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null
}

export const plainBody = (id: number, text: string): string => JSON.stringify({ text, fidelity: id })
