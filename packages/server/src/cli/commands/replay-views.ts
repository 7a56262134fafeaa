import { ago, type Output, size } from '../output.ts'
import { safeLine } from '../safe-text.ts'

export interface Plan {
  readonly id: string
  readonly createdBy: string
  readonly reason: string | null
  readonly cutoff: string
  readonly letters: number
  readonly bytes: number
  readonly control: {
    readonly pace: number
    readonly canary: number
    readonly verdictSeconds: number
    readonly rampFrom: number
    readonly rampSeconds: number
    readonly halt: Readonly<Record<string, number | boolean | null>>
  }
  readonly destination: 'lane' | 'origin' | { readonly broker: string; readonly place: string }
  readonly expectedSeconds: number
  readonly oldestCapturedAt: string | null
  readonly skipped: Readonly<Record<string, number>>
  readonly places: readonly { readonly broker: string; readonly place: string; readonly letters: number }[]
  readonly limits: {
    readonly maxHops: number
    readonly beyondCap: boolean
    readonly skipSuperseded: boolean
    readonly withHeld: boolean
  }
  readonly superseded: number | null
  readonly strips: readonly string[]
  readonly listeners: readonly { readonly queue: string; readonly consumers: readonly string[] }[]
  readonly target: {
    readonly system: string
    readonly consumers: readonly string[]
    readonly facts: readonly string[]
  } | null
  readonly changes: readonly { readonly what: string; readonly name: string | null; readonly letters: number }[]
  readonly digest: string
  readonly run: string | null
}

export interface Run {
  readonly id: string
  readonly state: 'running' | 'paused' | 'halted' | 'cancelled' | 'done'
  readonly stage: 'canary' | 'ramp' | 'full'
  readonly verdict: 'pass' | 'fail' | 'inconclusive' | 'overridden' | null
  readonly stopped: { readonly why: string; readonly rule: string | null; readonly advice: string | null } | null
  readonly startedBy: string
  readonly startedAt: string
  readonly finishedAt: string | null
  readonly planned: number
  readonly progressed: number
  readonly sends: {
    readonly intended: number
    readonly sent: number
    readonly notSent: number
    readonly uncertain: number
  }
  readonly outcomes: Readonly<Record<'pending' | 'confirmed' | 'returned' | 'presumed' | 'unknown', number>>
}

export interface Results {
  readonly letters: number
  readonly confirmed: number
  readonly returned: number
  readonly presumed: number
  readonly unknown: number
  readonly pending: number
  readonly notSent: number
  readonly waiting: number
}

export interface Report {
  readonly run: Run
  readonly plan: Plan
  readonly events: readonly {
    readonly at: string
    readonly actor: string
    readonly action: string
    readonly reason: string | null
    readonly rule: string | null
  }[]
  readonly seconds: { readonly sending: number | null; readonly outcomes: number | null }
  readonly causes: readonly {
    readonly cause: string | null
    readonly title: string | null
    readonly results: Results
  }[]
  readonly destinations: readonly { readonly broker: string; readonly place: string; readonly results: Results }[]
}

export interface RunLetter {
  readonly letter: string
  readonly queue: string
  readonly cause: string
  readonly broker: string
  readonly place: string
  readonly replay: string | null
  readonly state: string
  readonly outcome: string
  readonly why: string | null
  readonly partition: string | null
  readonly position: string | null
  readonly intendedAt: string | null
  readonly outcomeAt: string | null
  readonly returnedAs: string | null
}

export interface Comparison {
  readonly before: Run
  readonly after: Run
  readonly both: number
  readonly changes: readonly { readonly before: string; readonly after: string; readonly letters: number }[]
}

export function showPlan(output: Output, plan: Plan, nowMs: number): void {
  output.out(
    `${output.paint('bold', plan.id)}  ${plan.letters} letters, ${size(plan.bytes)}, oldest ${ago(plan.oldestCapturedAt, nowMs)}, ${paceText(plan)}, about ${plan.expectedSeconds} s`,
  )
  for (const line of controlLines(plan)) output.out(`  ${line}`)
  for (const { broker, place, letters } of plan.places) {
    const whom =
      plan.destination === 'lane' ? 'only the consumer that failed reads it' : 'everybody who reads it gets them'
    output.out(`  ${letters} to ${safeLine(place)} on ${safeLine(broker)}  (${whom})`)
  }
  for (const line of targetLines(plan)) output.out(`  ${line}`)
  for (const { queue, consumers } of plan.listeners)
    output.out(
      `  seen to read ${safeLine(queue)}: ${consumers.map(safeLine).join(', ')}; who else does only its broker knows`,
    )
  output.out(`  on the wire: ${wireText(plan)}`)
  for (const { what, name, letters } of plan.changes)
    output.out(`  ${letters} change: ${(changeText[what] ?? safeLine)(safeLine(name ?? what))}`)
  if (plan.superseded === null) output.out('  which letters are superseded is not known: there are too many to compare')
  else if (plan.superseded > 0)
    output.out(
      `  ${plan.superseded} have a newer letter of their key in their queue: they may overwrite what is newer; --skip-superseded leaves them out`,
    )
  for (const [reason, letters] of Object.entries(plan.skipped))
    output.out(`  ${letters} left out: ${skipText[reason]?.(plan) ?? safeLine(reason)}`)
  output.out(output.paint('dim', `  digest ${plan.digest.slice(0, 16)}`))
}

/** Of a place that was chosen: who reads it, and whose word on the outcomes is to be had. */
function targetLines({ target, letters }: Plan): readonly string[] {
  if (target === null) return []
  const readers =
    target.consumers.length === 0
      ? `${safeLine(target.system)} does not tell who reads there`
      : `seen to read there: ${target.consumers.map(safeLine).join(', ')}; who else does only its broker knows`
  return [
    `it was chosen, and is there; ${readers}`,
    ...target.facts.map((fact) => `it says: ${safeLine(fact)}`),
    ...(letters === 0
      ? []
      : [
          'a consumer there with @redrive/worker reports what becomes of them; of any other nobody says it: the canary then waits for you, and outcomes are presumed or unknown',
        ]),
  ]
}

const changeText: Readonly<Record<string, (name: string) => string>> = {
  partition: () => 'the partition they came from is not kept',
  property: (name) => `${name}, a setting of the system they come from, is not sent`,
  'key-aside': () => 'their key travels where only @redrive/worker looks',
  'null-body-aside': () => 'their body is null, which only @redrive/worker tells from empty there',
  'headers-aside': () => 'their headers travel where only @redrive/worker looks',
  'header-order': () => 'the order of their headers is not kept',
  'header-null': () => 'headers that are null become empty',
  'header-type': () => 'typed values of headers become their JSON text',
  milliseconds: () => 'their timestamps lose the milliseconds',
  'too-large': () => 'they are larger than that broker says it takes: what it refuses is not sent, and open again',
}

const skipText: Readonly<Record<string, (plan: Plan) => string>> = {
  'not-open': () => 'not open (replayed, discarded or in another run)',
  held: () =>
    'held behind others of their key: they follow by themselves once those are resolved; --with-held sends them now, and their worker may hold them again',
  missing: () => 'no such letters',
  'no-lane': () =>
    'not written by @redrive/worker, so their consumer has no lane; --to origin sends them to where they came from, --to BROKER:PLACE elsewhere',
  'origin-unknown': () => 'where they came from is not known',
  'no-broker': () => 'the office has no connection of that name',
  'over-cap': ({ limits }) =>
    `they died more than ${limits.maxHops} times, over all their replays: mend the cause first; --beyond-cap sends them`,
  'too-soon': () =>
    'they came back from a replay just now: 5 s of rest, twice as long after each further replay; --beyond-cap sends them',
  superseded: () => 'they have a newer letter of their key in their queue',
  'in-line': () =>
    'their worker keeps the order of their key and waits for them: replay them to their lane, or discard them',
  redacted: () =>
    'something of them was never kept (redaction in redrive.yaml), so they cannot be sent as they were: redrive letter edit writes what is missing',
  'header-twice': () => 'a header is there twice, which that broker cannot carry; an edit can take one out',
}

function wireText({ strips }: Plan): string {
  const named = strips.slice(0, 6).map(safeLine).join(', ')
  const more = strips.length > 6 ? ` and ${strips.length - 6} more` : ''
  return `a replay id is added${strips.length === 0 ? '' : `; what described the failure goes: ${named}${more}`}; all else as it was`
}

export function paceText({ control: { pace, rampFrom, rampSeconds } }: Plan): string {
  return rampSeconds === 0 || rampFrom === pace ? `${pace}/s` : `${rampFrom}/s to ${pace}/s in ${rampSeconds} s`
}

export function controlLines({ letters, control }: Plan): readonly string[] {
  const rules = Object.entries(control.halt).filter(([, value]) => value !== null && value !== false)
  return [
    control.canary > 0
      ? `canary: ${control.canary} letters first; goes on when all of them were handled, waits ${control.verdictSeconds} s at most`
      : `no canary${letters > 1 ? ': all letters go at once' : ''}`,
    rules.length > 0
      ? `halts by itself: ${rules.map(([rule, value]) => ruleText[rule]?.(Number(value)) ?? rule).join('; ')}`
      : 'halts for nothing',
  ]
}

const ruleText: Readonly<Record<string, (value: number) => string>> = {
  returnedPercent: (value) => `more than ${value} % return`,
  returnedInARow: (value) => `${value} in a row return`,
  newCause: () => 'something new comes back',
  notSentInARow: (value) => `${value} in a row cannot be sent`,
  lateSeconds: (value) => `no word of the oldest for ${value} s`,
  letters: (value) => `${value} letters are sent`,
  seconds: (value) => `${value} s are over`,
}
