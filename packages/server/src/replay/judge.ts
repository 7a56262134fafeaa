import { fewestOutcomes, type HaltRules } from './control.ts'

/** What is known of the letters that went first. */
export interface CanaryOutcomes {
  readonly letters: number
  readonly confirmed: number
  readonly returned: number
  /** Not sent, or nobody knows whether and nobody will find out. */
  readonly doubted: number
  /** Nobody knows yet whether they were sent: they are looked for. */
  readonly lookedFor: number
  readonly waitedSeconds: number
}

export type Verdict = { readonly verdict: 'pass' | 'fail' | 'inconclusive'; readonly why: string }

/**
 * `null` while it is too early to say. One return fails: what the consumer cannot handle now, it will not handle a thousand times. Silence
 * is no success: without an outcome of every letter a person has to decide.
 */
export function judgeCanary(
  { letters, confirmed, returned, doubted, lookedFor, waitedSeconds }: CanaryOutcomes,
  verdictSeconds: number,
): Verdict | null {
  if (returned > 0) return { verdict: 'fail', why: `${returned} of ${letters} canary letters died again` }
  if (confirmed === letters) return { verdict: 'pass', why: `all ${letters} canary letters were handled` }
  const known = confirmed + doubted
  if (known < letters && waitedSeconds < verdictSeconds) return null
  const unsure = doubted + lookedFor
  const why =
    unsure > 0
      ? `${unsure} of ${letters} canary letters were not sent for certain`
      : `nobody said within ${verdictSeconds} s what became of ${letters - confirmed} of ${letters} canary letters`
  return { verdict: 'inconclusive', why }
}

/** What a run has shown since it was last judged. */
export interface Signs {
  /** The newest first. */
  readonly outcomes: readonly {
    readonly outcome: 'confirmed' | 'returned'
    readonly cause: 'same' | 'other' | 'new' | null
  }[]
  /** The title of a cause nobody had seen before the run. */
  readonly newCause: string | null
  /** Of the newest sends, the letters in a row that were not sent for certain, and what the last was told. */
  readonly notSentInARow: number
  readonly lastRefusal: string | null
  /** Age of the oldest send without an outcome; `null` when there is none, or nobody tells outcomes. */
  readonly oldestWaitingSeconds: number | null
  readonly sent: number
  readonly seconds: number
}

export interface Broken {
  readonly rule: keyof HaltRules
  readonly why: string
}

/** The first rule that is broken, the most telling one first. */
export function brokenRule(rules: HaltRules, signs: Signs): Broken | null {
  const { outcomes } = signs
  if (rules.newCause && signs.newCause !== null)
    return { rule: 'newCause', why: `a letter died of something new: ${signs.newCause}` }
  if (rules.returnedInARow !== null && outcomes.length >= rules.returnedInARow) {
    const row = outcomes.slice(0, rules.returnedInARow)
    if (row.every(({ outcome, cause }) => outcome === 'returned' && cause !== 'other'))
      return { rule: 'returnedInARow', why: `the last ${row.length} letters died again` }
  }
  if (rules.returnedPercent !== null && outcomes.length >= fewestOutcomes) {
    const returned = outcomes.filter(({ outcome }) => outcome === 'returned').length
    if (returned * 100 > rules.returnedPercent * outcomes.length)
      return {
        rule: 'returnedPercent',
        why: `${returned} of the last ${outcomes.length} letters died again, more than ${rules.returnedPercent} %`,
      }
  }
  if (rules.notSentInARow !== null && signs.notSentInARow >= rules.notSentInARow)
    return {
      rule: 'notSentInARow',
      why: `the last ${signs.notSentInARow} letters could not be sent for certain${signs.lastRefusal === null ? '' : `: ${signs.lastRefusal}`}`,
    }
  if (rules.lateSeconds !== null && (signs.oldestWaitingSeconds ?? 0) > rules.lateSeconds)
    return {
      rule: 'lateSeconds',
      why: `nobody has said for ${Math.floor(signs.oldestWaitingSeconds ?? 0)} s what became of the oldest letters`,
    }
  if (rules.letters !== null && signs.sent >= rules.letters)
    return { rule: 'letters', why: `${signs.sent} letters were sent, as many as it may send` }
  if (rules.seconds !== null && signs.seconds >= rules.seconds)
    return { rule: 'seconds', why: `it has gone on for ${Math.floor(signs.seconds)} s, as long as it may` }
  return null
}

/** What to do about it, for whoever is woken. */
export function adviceOn(rule: string): string {
  return advice[rule] ?? 'Look at the run, then resume or cancel it.'
}

const advice: Readonly<Record<string, string>> = {
  canary: 'Look at the causes of what came back; deploy the fix, cancel this run and plan again.',
  verdict: 'Look at the consumer: does it run, does it send receipts? Then resume to go on all the same, or cancel.',
  newCause: 'Look at the new cause before more letters die of it; then resume or cancel.',
  returnedInARow: 'The cause is not mended: cancel, and plan again after the fix.',
  returnedPercent: 'Some letters are still not handled: look at what came back, narrow the plan or resume.',
  notSentInARow: 'The destination refuses: see that it is there and takes messages, then resume.',
  lateSeconds: 'The consumer does not keep up or sends no receipts: resume when it does, at a lower pace.',
  letters: 'Resume to send the rest.',
  seconds: 'Resume to send the rest.',
}
