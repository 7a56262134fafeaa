import { documentCommand, queueOption, shellWord } from '../queues/index.ts'

/** The six ways in which dead letter queues fail, in the order in which they are shown. */
export const patterns = [
  'not-captured',
  'unmonitored',
  'untriaged',
  'retention-too-short',
  'replay-without-thought',
  'general-dump',
] as const
export type Pattern = (typeof patterns)[number]

export interface PatternState {
  readonly pattern: Pattern
  /** unknown: nothing speaks for it or against it; it does not count. */
  readonly state: 'fine' | 'partly' | 'bad' | 'unknown'
  readonly why: string
  /** What to type; `null` where there is nothing to do. */
  readonly next: string | null
}

export interface Hygiene {
  /** 0 to 100: two points of each pattern that is fine, one of each that is partly so, by the points there are; `null`: none is known. */
  readonly score: number | null
  readonly patterns: readonly PatternState[]
}

export interface KeptSo {
  /** Of any tier, until a letter that is done with is deleted; infinite: none is. */
  readonly leastDays: number
  /** Open letters end though nobody has looked at their cause. */
  readonly endsUnseen: boolean
}

/** What is known of a queue when its hygiene is judged. */
export interface HygieneFacts {
  readonly queue: string
  /** Places that its letters came from, by whether this office reads them now. */
  readonly sources: { readonly read: number; readonly inTrouble: number; readonly left: number }
  /** Names of notifiers that a page of this queue goes to, without the log. */
  readonly told: readonly string[]
  /** Neither depth nor age nor growth of it is watched. */
  readonly isUnlimited: boolean
  /** Causes with open letters that nobody looked at for more than a day. */
  readonly neverOpened: number
  /** Causes with letters that wait for more than a week. */
  readonly old: number
  readonly owner: string | null
  /** Paths of fields that its documentation lacks. */
  readonly missing: readonly string[]
  /** Those that letters of it were in. */
  readonly runs: readonly {
    readonly id: string
    readonly by: string
    readonly state: string
    readonly letters: number
    readonly sent: number
    readonly returned: number
    readonly canary: number
    readonly verdict: string | null
    /** `null`: it did not halt itself. */
    readonly haltedWhy: string | null
  }[]
  readonly keptSo: KeptSo
  /** Of what its sources removed before it was captured, at most so many letters, within the span. */
  readonly lostAtSource: number
  /** Its sources that keep letters too briefly, each as a sentence, with how it is made longer. */
  readonly keptBriefly: readonly { readonly why: string; readonly longer: string }[]
  /** Captured within the span. */
  readonly letters: number
  /** Of them, those of which no tier is known. */
  readonly unknownTier: number
  /** Consumers that they died in. */
  readonly consumers: number
}

const points: Readonly<Record<'fine' | 'partly' | 'bad', number>> = { fine: 2, partly: 1, bad: 0 }
/** A limit to begin with. */
const openLimit = 1_000
/** A replay of so many letters wants a canary. */
const manyLetters = 100
const fewSent = 10
const mostReturned = 0.2
const fewLetters = 20
const mostConsumers = 5
/** Typical are 14 to 30 days. */
const fewDays = 14

export function judgeHygiene(facts: HygieneFacts): Hygiene {
  const judged = [
    judgeCapture(facts),
    judgeMonitoring(facts),
    judgeTriage(facts),
    judgeRetention(facts),
    judgeReplays(facts),
    judgeUse(facts),
  ]
  const known = judged.flatMap(({ state }) => (state === 'unknown' ? [] : [points[state]]))
  const sum = known.reduce((all, each) => all + each, 0)
  return { score: known.length === 0 ? null : Math.round((100 * sum) / (2 * known.length)), patterns: judged }
}

function judgeCapture({ sources: { read, inTrouble, left } }: HygieneFacts): PatternState {
  const pattern = 'not-captured'
  const next = 'redrive doctor'
  if (read + inTrouble === 0)
    return { pattern, state: 'bad', why: 'what dies in it now is not captured: its place is not read', next }
  if (inTrouble > 0) return { pattern, state: 'partly', why: 'a place of its dead letters cannot be read now', next }
  if (left > 0) return { pattern, state: 'partly', why: 'a place it was captured from is not read any more', next }
  return { pattern, state: 'fine', why: 'its dead letters are captured', next: null }
}

function judgeMonitoring({ queue, told, isUnlimited }: HygieneFacts): PatternState {
  const pattern = 'unmonitored'
  const next = `redrive alerts test ${queueOption(queue)}`
  if (told.length === 0)
    return { pattern, state: 'bad', why: 'a page of it reaches nobody: its route names no notifier but the log', next }
  if (isUnlimited)
    return {
      pattern,
      state: 'partly',
      why: 'alerts.limits watch neither its depth nor its age nor its growth',
      next: `redrive queue document --alert-open ${openLimit} ${shellWord(queue)}`,
    }
  return { pattern, state: 'fine', why: `pages go to ${told.join(', ')}`, next: null }
}

function judgeTriage({ queue, neverOpened, old, owner, missing }: HygieneFacts): PatternState {
  const pattern = 'untriaged'
  const next = `redrive causes --open ${queueOption(queue)}`
  if (neverOpened > 0)
    return { pattern, state: 'bad', why: `${counted(neverOpened, 'cause')} nobody looked at for more than a day`, next }
  if (old > 0)
    return { pattern, state: 'bad', why: `${counted(old, 'cause')} with letters that wait for more than a week`, next }
  const document = documentCommand(queue, missing)
  if (owner === null) return { pattern, state: 'partly', why: 'nobody owns it', next: document }
  if (missing.length > 0) return { pattern, state: 'partly', why: `nobody says ${missing.join(', ')}`, next: document }
  return { pattern, state: 'fine', why: `${owner} looks after it`, next: null }
}

/** Of the office's own keeping, and of how long its brokers keep what is not captured yet, as far as they say. */
function judgeRetention({
  queue,
  keptSo: { leastDays, endsUnseen },
  lostAtSource,
  keptBriefly: [briefly],
}: HygieneFacts): PatternState {
  const pattern = 'retention-too-short'
  const next = `redrive queue show ${shellWord(queue)}`
  if (lostAtSource > 0)
    return {
      pattern,
      state: 'bad',
      why: `up to ${counted(lostAtSource, 'letter')} were deleted at their source before they were captured`,
      next: 'redrive doctor',
    }
  if (endsUnseen)
    return { pattern, state: 'bad', why: 'open letters end though nobody has looked at their cause', next }
  if (leastDays < fewDays)
    return { pattern, state: 'partly', why: `letters that are done with are deleted after ${leastDays} days`, next }
  if (briefly !== undefined) return { pattern, state: 'partly', why: briefly.why, next: briefly.longer }
  const why = Number.isFinite(leastDays)
    ? `letters that are done with are kept for ${leastDays} days, and open ones until somebody has looked`
    : 'nothing is deleted'
  return { pattern, state: 'fine', why, next: null }
}

function judgeReplays({ runs }: HygieneFacts): PatternState {
  const pattern = 'replay-without-thought'
  if (runs.length === 0) return { pattern, state: 'unknown', why: 'nothing of it was replayed', next: null }
  const failed = runs.find(
    ({ haltedWhy, sent, returned }) => haltedWhy === null && sent >= fewSent && returned > mostReturned * sent,
  )
  if (failed !== undefined)
    return {
      pattern,
      state: 'bad',
      why: `${failed.id} went on though ${counted(failed.returned, 'letter')} of ${failed.sent} sent died again`,
      next: `redrive replay report ${failed.id}`,
    }
  const bold = runs.find(
    ({ canary, letters, verdict }) => verdict === 'overridden' || (canary === 0 && letters > manyLetters),
  )
  if (bold !== undefined)
    return {
      pattern,
      state: 'partly',
      why:
        bold.verdict === 'overridden'
          ? `${bold.by} went on against the verdict of the canary of ${bold.id}`
          : `${bold.id} sent ${counted(bold.letters, 'letter')} without a canary`,
      next: `redrive replay report ${bold.id}`,
    }
  return {
    pattern,
    state: 'fine',
    why: `${counted(runs.length, 'run')}, and none went on while letters died again`,
    next: null,
  }
}

function judgeUse({ queue, letters, unknownTier, consumers }: HygieneFacts): PatternState {
  const pattern = 'general-dump'
  const next = `redrive causes ${queueOption(queue)}`
  if (letters < fewLetters) return { pattern, state: 'unknown', why: 'too few letters came in to tell', next: null }
  const share = Math.round((100 * unknownTier) / letters)
  if (share >= 50)
    return {
      pattern,
      state: 'bad',
      why: `${share} % of its letters do not say how they failed`,
      next: `${next} --tier unknown`,
    }
  if (consumers > mostConsumers)
    return { pattern, state: 'partly', why: `letters of ${consumers} consumers lie in it`, next }
  if (share >= 20)
    return {
      pattern,
      state: 'partly',
      why: `${share} % of its letters do not say how they failed`,
      next: `${next} --tier unknown`,
    }
  return { pattern, state: 'fine', why: 'its letters say what they died of', next: null }
}

function counted(number: number, what: string): string {
  return `${number.toLocaleString('en-US')} ${what}${number === 1 ? '' : 's'}`
}
