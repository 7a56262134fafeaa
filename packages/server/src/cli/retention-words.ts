export interface Policy {
  readonly keepDays: number
  readonly afterwards: 'delete' | 'archive' | 'keep'
  readonly open: {
    readonly keepDays: number
    readonly afterwards: 'delete' | 'archive' | 'keep'
    readonly neverLookedAt: 'keep' | 'end'
  }
}

export interface Room {
  readonly queue: string
  readonly letters: number
  readonly bytes: number
  readonly most: {
    readonly letters: number | null
    readonly bytes: number | null
    readonly whenReached: 'push-back' | 'archive'
    readonly open: 'keep' | 'archive-looked-at'
  }
  readonly share: number
  readonly fullSince: string | null
  readonly fullInDays: number | null
}

/** What happens when a queue has come to its cap. */
export function whenFull({ most }: Room): string {
  if (most.whenReached === 'push-back') return 'letters wait at their sources'
  return most.open === 'keep'
    ? 'the oldest done with are archived'
    : 'the oldest are archived, open ones once looked at'
}

/** How much of its cap is taken, and until when it lasts. */
export function fillOf({ share, fullSince, fullInDays }: Room): string {
  const percent = `${Math.floor(share * 100)} %`
  if (fullSince !== null) return `${percent}, FULL: letters wait at their sources`
  if (fullInDays === null) return percent
  return `${percent}, full in ${fullInDays < 1 ? 'less than a day' : `${Math.floor(fullInDays)} d`} if none end`
}

const became = { delete: 'deleted', archive: 'archived' } as const

/** What a policy does with letters that are done with. */
export function ofEnded({ keepDays, afterwards }: Policy): string {
  return afterwards === 'keep' ? 'kept' : `${became[afterwards]} after ${keepDays} days`
}

/** And with those that nobody replayed or discarded. */
export function ofOpen({ open }: Policy): string {
  if (open.afterwards === 'keep') return 'kept'
  const unseen = open.neverLookedAt === 'end' ? ', looked at or not' : ', once somebody has looked at their cause'
  return `${became[open.afterwards]} after ${open.keepDays} days${unseen}`
}
