import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { whileShown } from '../progress.ts'
import { type SelectionOptions, selectionOf } from '../selection.ts'
import { type Plan, showPlan } from './replay-views.ts'

export function planCommand(
  query: readonly string[],
  options: GlobalOptions &
    SelectionOptions & {
      readonly to: Plan['destination']
      readonly pace: number
      readonly canary: number | false
      readonly verdict?: number
      readonly rampFrom?: number
      readonly ramp: number | false
      readonly halt?: false
      readonly haltReturned: number
      readonly haltInARow: number
      readonly haltRefused: number
      readonly haltLate?: number
      readonly haltNew: boolean
      readonly maxLetters?: number
      readonly maxSeconds?: number
      readonly maxHops: number
      readonly beyondCap?: boolean
      readonly skipSuperseded?: boolean
      readonly withHeld?: boolean
      readonly by?: string
      readonly reason?: string
      readonly requireMatch?: boolean
    },
): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const request = {
      selection: await selectionOf(query, options),
      destination: options.to,
      pace: options.pace,
      canary: options.canary === false ? 0 : options.canary,
      ...(options.verdict === undefined ? {} : { verdictSeconds: options.verdict }),
      ...(options.rampFrom === undefined ? {} : { rampFrom: options.rampFrom }),
      rampSeconds: options.ramp === false ? 0 : options.ramp,
      halt: haltRules(options),
      maxHops: options.maxHops,
      beyondCap: options.beyondCap === true,
      skipSuperseded: options.skipSuperseded === true,
      withHeld: options.withHeld === true,
      by: options.by ?? defaultName(),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    }
    const plan = await whileShown('Planning', () => client.post<Plan>('/plans', request))
    if (output.json) output.out(JSON.stringify(plan))
    else {
      showPlan(output, plan, nowMs)
      if (plan.letters === 0) output.say('Nothing to replay. Nothing was sent.')
      else output.say(`Nothing was sent. Carry it out with: redrive replay run ${plan.id}`)
    }
    return plan.letters === 0 && options.requireMatch ? exitCodes.nothingMatched : exitCodes.ok
  })
}

function haltRules(options: Parameters<typeof planCommand>[1]): Readonly<Record<string, number | boolean | null>> {
  const budgets = { letters: options.maxLetters ?? null, seconds: options.maxSeconds ?? null }
  if (options.halt === false) {
    const none = {
      returnedPercent: null,
      returnedInARow: null,
      newCause: false,
      notSentInARow: null,
      lateSeconds: null,
    }
    return { ...none, ...budgets }
  }
  return {
    returnedPercent: options.haltReturned,
    returnedInARow: options.haltInARow,
    newCause: options.haltNew,
    notSentInARow: options.haltRefused,
    lateSeconds: options.haltLate ?? null,
    ...budgets,
  }
}
