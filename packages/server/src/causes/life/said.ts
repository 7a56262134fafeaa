import { RedriveError } from '@redrive/worker'

/**
 * Text that a person wrote, as the store can hold it.
 * @param maxLength in UTF-16 code units
 * @throws REQUEST_INVALID when there is nothing to read in it, it is too long, or holds NUL
 */
export function said(what: string, text: string, maxLength: number): string {
  if (text.trim() === '')
    throw new RedriveError('REQUEST_INVALID', `The ${what} is empty.`, {
      hint: `Say a ${what} with something to read.`,
    })
  if (text.length > maxLength)
    throw new RedriveError('REQUEST_INVALID', `The ${what} is longer than ${maxLength} characters.`, {
      hint: 'Put the long form elsewhere and link to it: redrive cause link',
    })
  if (text.includes('\0'))
    throw new RedriveError('REQUEST_INVALID', `The ${what} holds NUL, which cannot be kept.`, {
      hint: 'Take it out.',
    })
  return text.toWellFormed()
}

/** The same for what need not be said: nothing, or only spaces, is `null`. */
export function maybeSaid(what: string, text: string | null | undefined, maxLength: number): string | null {
  return text === null || text === undefined || text.trim() === '' ? null : said(what, text, maxLength)
}

export const maxReason = 2_000
export const maxName = 200
