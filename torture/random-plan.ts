/** The part of a plan that says how it is carried out, as the API takes it. */
export type PlanControl = Readonly<Record<string, unknown>>

const noHalt = {
  returnedPercent: null,
  returnedInARow: null,
  newCause: false,
  notSentInARow: null,
} as const

/** Everything at once, whatever comes back. */
export const wholePlan: PlanControl = { pace: 2_000, canary: 0, rampSeconds: 0, beyondCap: true, halt: noHalt }

/** With or without a canary, a ramp and rules; quick enough that a run of all that may be open comes to its end before nobody waits any more. */
export function randomPlan(random: () => number): PlanControl {
  const one = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T
  const halts = random() < 0.3
  return {
    pace: one([20, 50, 200, 2_000]),
    canary: one([0, 0, 1, 5]),
    verdictSeconds: one([1, 3]),
    rampFrom: one([2, 5]),
    rampSeconds: one([0, 0, 2]),
    beyondCap: true,
    halt: halts ? { returnedPercent: 20, returnedInARow: 3, newCause: false, notSentInARow: 5 } : noHalt,
  }
}
