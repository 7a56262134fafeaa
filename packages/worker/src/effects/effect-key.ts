import { createHash } from 'node:crypto'

/** What an effect is called by; every part may be any text. */
export interface EffectName {
  readonly consumer: string
  /** By the message's own identity, or by the one that `id` gave. */
  readonly by: 'letter' | 'id'
  readonly id: string
  /** `null`: that the message was handled. */
  readonly name: string | null
}

/**
 * One key of 64 hexadecimal characters for names of any length and content: SHA-256 over each part with its length before it, in UTF-16,
 * so that halves of surrogate pairs stay different too.
 */
export function effectKey({ consumer, by, id, name }: EffectName): string {
  const digest = createHash('sha256')
  const parts = ['redrive-effect-1', consumer, by, id, ...(name === null ? [] : [name])]
  for (const part of parts) {
    digest.update(`${part.length}:`)
    digest.update(Buffer.from(part, 'utf16le'))
  }
  return digest.digest('hex')
}

const maxWhat = 500

/** The same for people: shortened, and without what stores refuse. */
export function effectWhat({ consumer, by, id, name }: EffectName): string {
  const text = `${name === null ? 'handled' : `effect ${quoted(name)}`} of ${by} ${quoted(id)} at ${quoted(consumer)}`
  return text.length <= maxWhat ? text : `${text.slice(0, maxWhat - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 150 ? `${text.slice(0, 150)}…` : text)
}
