import type { History } from './history.ts'

export function lostFindings({ produced, handled, letters }: History): readonly string[] {
  const known = new Set([...handled.map(({ n }) => n), ...letters.map(({ n }) => n)])
  return [...produced.keys()].filter((n) => !known.has(n)).map((n) => `message ${n} is lost`)
}
