import type { Claim } from './claim.ts'
import type { Intent } from './claimed.ts'

/** What is claimed before it can be sent, so that the database, this process and the broker are at work at the same time. */
export interface ClaimsAhead<C extends Claim> {
  /** The oldest that was not taken yet. Rejects as its claim did. */
  take(): Promise<C>
  /** What was claimed and not taken, the newest first, as it has to be put back. Whoever takes afterwards claims anew. */
  giveUp(): Promise<readonly Intent[]>
}

/**
 * Claims one after another, for each takes the run from where the one before left it. After anything but a batch it waits to be asked, as the next claim
 * would be the same; after a batch that is sent within the database too, as sending it holds the run.
 *
 * @param most batches that may wait to be taken, asked each time
 */
export function claimsAhead<C extends Claim>(claim: () => Promise<C>, most: () => number): ClaimsAhead<C> {
  let waiting: Promise<C>[] = []
  let latest: Promise<C> | null = null
  let known: Claim | null = null
  const start = (): void => {
    const started = claim()
    latest = started
    known = null
    waiting.push(started)
    started.then(
      (claimed) => {
        if (latest !== started) return
        known = claimed
        goOn()
      },
      () => undefined,
    )
  }
  const goOn = (): void => {
    if (known?.kind === 'claimed' && !known.isWithin && waiting.length < most()) start()
  }
  return {
    take() {
      if (waiting.length === 0) start()
      const taken = waiting.shift() as Promise<C>
      goOn()
      return taken
    },
    async giveUp() {
      const given = waiting.reverse()
      waiting = []
      latest = null
      known = null
      const claims = await Promise.allSettled(given)
      return claims.flatMap((each) =>
        each.status === 'fulfilled' && each.value.kind === 'claimed' ? [each.value satisfies Intent] : [],
      )
    },
  }
}
