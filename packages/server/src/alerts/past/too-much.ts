import { RedriveError } from '@redrive/worker'

export function tooMuch(what: string): RedriveError {
  return new RedriveError('REQUEST_INVALID', `That is too much to look at: ${what}.`, {
    hint: 'Choose a shorter time.',
  })
}
