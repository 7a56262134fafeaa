import { patternNames } from '../config/index.ts'

/** What stands in place of what is not shown. */
export const mark = (why: string): string => `${begin}${why}]`
/** What stands in place of what was never kept. */
export const redactionMark = (why: string): string => `${redactedBegin}${why}]`
export const redactedBegin = '[redacted: '
/** A reason that rules of the file give, in characters that a mark can hold. */
export const whyOf = (text: string): string => text.replaceAll(/[\]\p{Cc}]/gu, '').slice(0, 390)
const begin = '[masked: '

const whole = /\[masked: [^\]\n]{1,400}\]/g

/** The marks in a text, each once. */
export const marksIn = (text: string): readonly string[] =>
  text.includes(begin) ? [...new Set(Array.from(text.matchAll(whole), ([each]) => each))] : []

export const tooLarge = 'more than 8 MiB'
/** A redactor that failed keeps nothing. */
export const unredactable = 'it could not be looked through'
const fixed = new Set<string>([
  ...patternNames,
  'secret name',
  'key',
  'body',
  'cut off',
  tooLarge,
  'bytes that are no text',
  'it is no JSON, as rules expect',
  'a value of the patch',
  'hash',
  unredactable,
])
const here = /\[(?:masked|redacted): ([^\]\n]{1,400}?)(?: #\d{1,9})?\]/y

/**
 * Where a mark ends that begins here; -1: none does. Only marks that are made here count: whoever writes letters must not hide a secret in one.
 * @param whys of the rules
 */
export function endOfMark(text: string, at: number, whys: ReadonlySet<string>): number {
  here.lastIndex = at
  const why = here.exec(text)?.[1]
  return why !== undefined && (fixed.has(why) || whys.has(why)) ? here.lastIndex : -1
}

const redacted = /\[redacted: [^\]\n]{1,400}\]/g

/** A mark in bytes that those before them do not have: somebody copied what was shown to them. `null`: none. */
export function newMark(before: Uint8Array | null, after: Uint8Array | null): string | null {
  if (after === null) return null
  const bytes = Buffer.from(after.buffer, after.byteOffset, after.byteLength)
  if (!bytes.includes(begin) && !bytes.includes(redactedBegin)) return null
  const old = before === null ? null : Buffer.from(before.buffer, before.byteOffset, before.byteLength)
  return anyMarksIn(bytes.toString('utf8')).find((each) => old === null || !old.includes(each)) ?? null
}

const anyMarksIn = (text: string): readonly string[] => [
  ...marksIn(text),
  ...Array.from(text.matchAll(redacted), ([each]) => each),
]
