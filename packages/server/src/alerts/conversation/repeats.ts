import type { Alert } from '../alert.ts'

const hourMs = 3_600_000

/** The first repeat, doubled with each until the longest. */
const repeats = {
  page: { firstMs: hourMs, mostMs: 24 * hourMs },
  ticket: { firstMs: 24 * hourMs, mostMs: 7 * 24 * hourMs },
} as const

/** When an alert that nobody takes is said again; never, where nobody is told of it. */
export function repeatDueMs({ urgency, said }: Pick<Alert, 'urgency' | 'said'>, saidAtMs: number): number {
  if (urgency === 'review') return Number.POSITIVE_INFINITY
  const { firstMs, mostMs } = repeats[urgency]
  return saidAtMs + Math.min(mostMs, firstMs * 2 ** Math.min(30, Math.max(0, said - 1)))
}
