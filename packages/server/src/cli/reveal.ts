import { RedriveError } from '@redrive/worker'

export interface Revealing {
  readonly reveal?: boolean
  readonly reason?: string
}

/** Why what is masked is to be shown; `undefined`: it is not to be. @throws OPTION_INVALID without a reason, or with one alone */
export function revealOf({ reveal, reason }: Revealing): string | undefined {
  if (!reveal && reason === undefined) return undefined
  if (reveal && reason !== undefined && reason.trim() !== '') return reason
  throw new RedriveError('OPTION_INVALID', '--reveal and --reason go together.', {
    hint: 'Say why it has to be seen: --reveal --reason "the customer called, ticket 4711"',
  })
}
