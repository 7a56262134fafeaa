import { RedriveError } from '@redrive/worker'
import { type FieldName, fieldOf, type LetterToPlace, textsOf } from './letter-to-place.ts'

export const maxTitle = 160
const placeholder = /\{([^{}]{1,210})\}/g

/** The title of a cause, from its first letter: `{class}`, `{message}`, `{header:NAME}` and the like are filled in. One line, bounded. */
export function titleFrom(
  template: string,
  {
    letter,
    rule,
    value,
    masked,
  }: {
    readonly letter: LetterToPlace
    readonly rule: string
    readonly value: string | null
    /** Headers whose values are not shown, and what stands in their place. */
    readonly masked: ReadonlyMap<string, string>
  },
): string {
  const filled = template.replace(placeholder, (_, name: string) => {
    if (name === 'rule') return rule
    if (name === 'value') return value ?? nothing
    if (name === 'queue') return letter.queue.name
    const mark = name.startsWith('header:') ? masked.get(name.slice('header:'.length)) : undefined
    if (mark !== undefined) return mark
    return textsOf(letter, name as FieldName)?.[0]?.slice(0, maxTitle) ?? nothing
  })
  return oneLine(filled)
}

/** @throws REQUEST_INVALID */
export function checkTitle(template: string): string {
  if (template.trim() === '' || template.length > maxTitle || template.includes('\0'))
    throw new RedriveError('REQUEST_INVALID', `A title has 1 to ${maxTitle} characters.`, { hint: 'Say it shorter.' })
  for (const [whole, name = ''] of template.matchAll(placeholder)) {
    if (['rule', 'value', 'queue'].includes(name) || fieldOf(name) !== null) continue
    throw new RedriveError('REQUEST_INVALID', `${JSON.stringify(whole)} in the title stands for nothing.`, {
      hint: 'Known are {rule}, {value}, {queue}, {consumer}, {tier}, {class}, {message}, {reason} and {header:NAME}.',
    })
  }
  return template
}

/** What a split calls its part where nobody says otherwise. */
export const partOf = (title: string): string => oneLine(`part of: ${title}`)

const nothing = '–'
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu

/** No control characters, and none that turn the direction of what follows. */
export function oneLine(text: string): string {
  const line = text
    .slice(0, 4 * maxTitle)
    .replaceAll(unseen, ' ')
    .toWellFormed()
    .trim()
  return line.length <= maxTitle ? line : `${line.slice(0, maxTitle - 1).toWellFormed()}…`
}
