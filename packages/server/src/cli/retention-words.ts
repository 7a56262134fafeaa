export interface Policy {
  readonly keepDays: number
  readonly afterwards: 'delete' | 'archive' | 'keep'
  readonly open: {
    readonly keepDays: number
    readonly afterwards: 'delete' | 'archive' | 'keep'
    readonly neverLookedAt: 'keep' | 'end'
  }
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
