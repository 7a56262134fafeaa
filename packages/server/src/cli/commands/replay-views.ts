import { ago, type Output, size } from '../output.ts'
import { safeLine } from '../safe-text.ts'

export interface Plan {
  readonly id: string
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
  readonly destination: 'lane' | 'origin'
  readonly expectedSeconds: number
  readonly oldestCapturedAt: string | null
  readonly skipped: Readonly<Record<string, number>>
  readonly places: readonly { readonly broker: string; readonly place: string; readonly letters: number }[]
  readonly digest: string
  readonly run: string | null
}

export interface Run {
  readonly id: string
  readonly state: 'running' | 'paused' | 'halted' | 'cancelled' | 'done'
  readonly stage: 'canary' | 'ramp' | 'full'
  readonly verdict: 'pass' | 'fail' | 'inconclusive' | 'overridden' | null
  readonly stopped: { readonly why: string; readonly rule: string | null; readonly advice: string | null } | null
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
  for (const [reason, letters] of Object.entries(plan.skipped))
    output.out(`  ${letters} left out: ${skipText[reason] ?? reason}`)
  output.out(output.paint('dim', `  digest ${plan.digest.slice(0, 16)}`))
}

const skipText: Readonly<Record<string, string>> = {
  'not-open': 'not open (replayed, discarded or in another run)',
  missing: 'no such letters',
  'no-lane':
    'not written by @redrive/worker, so their consumer has no lane; --to origin sends them to where they came from',
  'origin-unknown': 'where they came from is not known',
  'no-broker': 'the office has no connection of that name',
}

function paceText({ control: { pace, rampFrom, rampSeconds } }: Plan): string {
  return rampSeconds === 0 || rampFrom === pace ? `${pace}/s` : `${rampFrom}/s to ${pace}/s in ${rampSeconds} s`
}

function controlLines({ letters, control }: Plan): readonly string[] {
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
