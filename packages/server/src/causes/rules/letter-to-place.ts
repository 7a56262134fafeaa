import type { Header, Tier } from '@redrive/worker'
import { storableText } from '../../store/copy-binary.ts'

/** What rules may ask about a letter, at capture and from the store alike. `undefined` where the letter no longer holds it. */
export interface LetterToPlace {
  readonly queue: { readonly id: number; readonly name: string }
  readonly consumer: string | null
  readonly tier: Tier
  readonly errorClass: string | null | undefined
  readonly message: string | null | undefined
  readonly reason: string | null | undefined
  readonly stack: string | null | undefined
  /** Read only when a rule asks about them. */
  readonly headers: () => readonly Header[] | undefined
}

const fields = ['class', 'message', 'frame', 'reason', 'consumer', 'tier'] as const

export type FieldName = (typeof fields)[number] | `header:${string}`

export const fieldHelp: string = `${fields.join(', ')}, header:NAME`

/** `null` for a name that is none. */
export function fieldOf(name: string): FieldName | null {
  if (/^header:.{1,200}$/su.test(name)) return name as FieldName
  return fields.find((field) => field === name) ?? null
}

/** Fields that a stored letter loses with its bytes. */
export function needsBytes(field: FieldName): boolean {
  return field === 'frame' || field.startsWith('header:')
}

/** Characters of a stack, and of a header's value, that are looked at. */
const maxStack = 16_384
const maxHeaderValue = 1_024
const none: readonly string[] = []

/** The field's texts: one, several (frames, headers of one name), none; `null`: nobody can tell any more. As the store would give them back. */
export function textsOf(letter: LetterToPlace, field: FieldName): readonly string[] | null {
  switch (field) {
    case 'class':
      return one(letter.errorClass)
    case 'message':
      return one(letter.message)
    case 'reason':
      return one(letter.reason)
    case 'consumer':
      return one(letter.consumer)
    case 'tier':
      return [letter.tier]
    case 'frame':
      return framesOf(letter.stack)
    default:
      return headersOf(letter, field.slice('header:'.length))
  }
}

function one(text: string | null | undefined): readonly string[] | null {
  if (text === undefined) return null
  return text === null ? none : [storable(text)]
}

function framesOf(stack: string | null | undefined): readonly string[] | null {
  if (stack === undefined) return null
  if (stack === null) return none
  return storable(stack)
    .slice(0, maxStack)
    .split('\n')
    .map((line) => line.trim().replace(/^at /, ''))
}

function headersOf(letter: LetterToPlace, name: string): readonly string[] | null {
  const headers = letter.headers()
  if (headers === undefined) return null
  return headers.flatMap((header) =>
    header.name === name
      ? [
          storable(
            Buffer.from(header.value ?? [])
              .subarray(0, maxHeaderValue)
              .toString('utf8'),
          ),
        ]
      : [],
  )
}

/** What is read at capture may hold what the store cannot. */
function storable(text: string): string {
  return storableText(text).toWellFormed()
}
