/** What stands in place of what is not shown. */
export const mark = (why: string): string => `${begin}${why}]`
const begin = '[masked: '

const whole = /\[masked: [^\]\n]{1,400}\]/g

/** The marks in a text, each once. */
export const marksIn = (text: string): readonly string[] =>
  text.includes(begin) ? [...new Set(Array.from(text.matchAll(whole), ([each]) => each))] : []

export const isMark = (text: string): boolean => text.startsWith(begin)

/** A mark in bytes that those before them do not have: somebody copied what was shown to them. `null`: none. */
export function newMark(before: Uint8Array | null, after: Uint8Array | null): string | null {
  if (after === null) return null
  const bytes = Buffer.from(after.buffer, after.byteOffset, after.byteLength)
  if (!bytes.includes(begin)) return null
  const old = before === null ? null : Buffer.from(before.buffer, before.byteOffset, before.byteLength)
  return marksIn(bytes.toString('utf8')).find((each) => old === null || !old.includes(each)) ?? null
}
