import type { Diagnosis } from './examine.ts'
import type { FindingCode } from './finding.ts'

/** Whoever can write dead letters can invent queues: of a thousand findings of one code nobody reads more than the first. */
export const mostOfCode = 50

/** For people: at most `mostOfCode` of a code, the gravest of it. `checked` says how many there are. */
export function shownOf({ findings, checked }: Diagnosis): Diagnosis {
  const shown = new Map<FindingCode, number>()
  return {
    checked,
    findings: findings.filter(({ code }) => {
      const number = (shown.get(code) ?? 0) + 1
      shown.set(code, number)
      return number <= mostOfCode
    }),
  }
}
