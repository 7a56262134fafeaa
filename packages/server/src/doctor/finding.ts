/** problem: something is wrong now. warning: nobody looks after something that waits. advice: it will be missed one day. */
export const severities = ['problem', 'warning', 'advice'] as const
export type Severity = (typeof severities)[number]

export interface Finding {
  /** One of `findingCodes`. */
  readonly code: FindingCode
  readonly severity: Severity
  /** The name of the queue it is about. */
  readonly queue: string | null
  /** The place at a broker it is about, where it is about one for certain: `orders-dead-letter on kafka`. */
  readonly place?: string
  readonly what: string
  readonly why: string
  /** What to type, or to do. */
  readonly next: string
}

/** Everything that is looked at, in the order of the report, with what is fine when nothing is found. */
export const checks = {
  'books-unbalanced': 'the books balance',
  'source-in-trouble': 'no source is in trouble',
  'source-not-captured': 'everything that was captured before still is',
  'nothing-captured': 'dead letters are captured',
  'source-expiring': 'no letter is known to be removed at its source before it is captured',
  'source-keeps-short': 'no source is known to keep letters for less than three days',
  'source-expiry-unknown': 'how long sources keep letters is known',
  'queue-full': 'every queue has room below its cap',
  'disk-nearly-full': 'the disk has room',
  'retention-stopped': 'letters end when their time is over',
  'archive-damaged': 'archives are whole',
  'erasure-stuck': 'erasures that were begun are done within a day',
  'run-stopped': 'no run is stopped for more than an hour',
  'automatic-stopped': 'no automatic replay is stopped',
  'automatic-cannot-work': 'what is to be replayed by itself can be',
  'uncertain-waiting': 'no uncertain letter waits for a decision',
  'line-stuck': 'no held letter waits behind something that does not move',
  'cause-unopened': 'no cause with open letters has waited for a day to be looked at',
  'rule-masked': 'no rule names causes by what is masked',
  'letters-untouched': 'no letter is open for long and untouched',
  'tier-without-process': 'every tier with open letters has a process',
  'queue-undocumented': 'something is said of every queue',
  'queue-without-owner': 'every queue of which something is said has an owner',
  'queue-without-runbook': 'every queue of which something is said has a runbook',
  'queue-documented-in-part': 'nothing else is missing where something is said of a queue',
} as const

export type FindingCode = keyof typeof checks
export const findingCodes = Object.keys(checks) as readonly FindingCode[]

/** `3 letters`, `1 letter`. */
export function counted(number: number, what: string): string {
  return `${number.toLocaleString('en-US')} ${what}${number === 1 ? '' : 's'}`
}
