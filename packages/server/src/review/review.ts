import type { Tier } from '@redrive/worker'
import type { Ending, Forecast } from '../retention/index.ts'
import type { Hygiene } from './judge-hygiene.ts'

/** What happened to the letters of a queue, or of all, from the books. */
export interface Flow {
  readonly cameIn: number
  /** Of them, those that had been replayed and died again. */
  readonly cameBack: number
  /** Sent by replays. */
  readonly replayed: number
  readonly discarded: number
  readonly archived: number
  /** By retention, for good. */
  readonly deleted: number
  readonly erased: number
}

export const noFlow: Flow = { cameIn: 0, cameBack: 0, replayed: 0, discarded: 0, archived: 0, deleted: 0, erased: 0 }

/** What workers reported of the messages of a queue. */
export interface ReviewedTraffic {
  readonly handled: number
  readonly died: number
  /** Of what was handled or died, 0 to 1; `null`: nothing was, or less than half as many deaths were reported as letters were captured, so that it would be a share of who knows what. */
  readonly deathShare: number | null
  /** The same of the span before it. */
  readonly deathShareBefore: number | null
}

export interface ReviewedQueue extends Flow {
  readonly name: string
  readonly owner: string | null
  /** The span before it. */
  readonly before: Flow
  /** Open, held, uncertain or under replay at its end. */
  readonly waiting: number
  /** The same at its beginning. */
  readonly waitedBefore: number
  /** When the review was made. */
  readonly oldestOpenAt: string | null
  readonly hygiene: Hygiene
  /** `null`: no worker reported, so that nothing is known. */
  readonly traffic: ReviewedTraffic | null
}

export interface ReviewedCause {
  /** `c_…` */
  readonly id: string
  readonly queue: string
  readonly tier: Tier
  readonly title: string
  readonly owner: string | null
  readonly state: string
  /** Captured within the span. */
  readonly letters: number
  /** Captured in the span before it, which is as long. */
  readonly before: number
  /** Its first letter came within the span. */
  readonly isNew: boolean
}

export interface WaitingCause {
  readonly id: string
  readonly queue: string
  readonly title: string
  /** Open, held or uncertain when the review was made. */
  readonly waiting: number
  readonly oldestAt: string
}

/** The first of many, the greatest before the others, with how many there are. */
export interface Some<T> {
  readonly count: number
  readonly shown: readonly T[]
}

export interface ReviewedRun {
  /** `r_…` */
  readonly id: string
  readonly by: string
  readonly state: string
  readonly problem: string | null
  readonly letters: number
  readonly sent: number
  readonly confirmed: number
  readonly returned: number
  readonly uncertain: number
  /** The letters of its canary; 0: there was none. */
  readonly canary: number
  readonly verdict: string | null
  /** Why it halted itself, also when somebody cancelled or resumed it since; `null`: it did not. */
  readonly haltedWhy: string | null
}

/** What a policy did without a person, of a queue and tier. */
export interface ReviewedAutomatic {
  readonly queue: string
  readonly tier: Tier
  readonly runs: number
  /** Of the runs, by what they came to; the others go on. */
  readonly passed: number
  readonly failed: number
  readonly cancelled: number
  readonly sent: number
  readonly confirmed: number
  readonly returned: number
  /** It is stopped now. */
  readonly isStopped: boolean
}

export interface ReviewedAlerts {
  readonly raised: number
  readonly notices: number
  readonly byRule: readonly { readonly rule: string; readonly raised: number; readonly taken: number }[]
  /** From raised to taken, half of them sooner; `null`: none was. */
  readonly minutesToTake: number | null
  readonly minutesToEnd: number | null
  /** Said more than five times, and nobody took them. */
  readonly noisy: Some<{
    readonly id: string
    readonly rule: string
    readonly title: string
    readonly said: number
    readonly isOver: boolean
  }>
  /** Raised more than a week ago, not over, and nobody took them: rules that nobody follows. */
  readonly ignored: Some<{
    readonly id: string
    readonly rule: string
    readonly title: string
    readonly raisedAt: string
  }>
}

/** Something to decide, with the command that does it or shows more. */
export interface Decision {
  readonly what: string
  readonly why: string
  readonly command: string
}

export interface Review {
  /** `2026-W47`; `null`: the days before it was made. */
  readonly week: string | null
  readonly zone: string
  /** Whose weeks are reviewed now, where that is another zone than when this one was kept; `null`: it is the same. */
  readonly zoneNow: string | null
  readonly from: string
  readonly to: string
  readonly madeAt: string
  /** One sentence. */
  readonly headline: string
  readonly total: Flow & { readonly waiting: number; readonly waitedBefore: number }
  readonly before: Flow
  readonly queues: Some<ReviewedQueue>
  readonly causes: {
    /** With letters within the span. */
    readonly count: number
    readonly isNew: number
    readonly regressed: number
    readonly fixed: number
    readonly top: readonly ReviewedCause[]
    /** Twice as many letters as in the span before, or more, or half as many, or fewer. */
    readonly movers: readonly ReviewedCause[]
    readonly neverOpened: Some<WaitingCause>
    readonly withoutOwner: Some<WaitingCause>
    /** With letters that wait for more than a week. */
    readonly old: Some<WaitingCause>
  }
  /** That were started, sent something or ended within the span. */
  readonly runs: Some<ReviewedRun> & {
    /** Without those of policies. */
    readonly ofPeople: number
    readonly byState: Readonly<Record<string, number>>
    /** That halted themselves, whatever their state is now. */
    readonly halted: number
    /** These four: within the span, while each run says what it did in all. */
    readonly sent: number
    readonly confirmed: number
    readonly returned: number
    readonly uncertain: number
  }
  /** Runs of policies, which `runs` counts and does not show. */
  readonly automatic: Some<ReviewedAutomatic>
  readonly alerts: ReviewedAlerts
  /** By what was said, the most letters first. */
  readonly discards: Some<{ readonly reason: string; readonly letters: number; readonly by: readonly string[] }>
  /** What ends within the seven days after it was made. */
  readonly retention: Ending & {
    /** What would, and is kept. */
    readonly held: Forecast['held']
    /** So many letters are due at once that a person has to say so; 0: none are. */
    readonly asks: number
  }
  readonly decisions: Some<Decision>
}
