import { tiers } from '@redrive/worker'
import { type AlertsConfig, logNotifier } from '../../config/index.ts'
import { limitsOf } from './limits.ts'
import { routeOf } from './route.ts'

/** Who hears of a queue, and whether anything of it is limited. The log is nobody. */
export function watchedBy(
  queue: string,
  { owner, config }: { readonly owner: string | null; readonly config: AlertsConfig },
): { readonly told: readonly string[]; readonly isUnlimited: boolean } {
  const page = { rule: 'first-failure', urgency: 'page', queue, owner } as const
  const nothing = { subject: '', causeId: null, title: '', facts: [], next: null, runbook: null } as const
  const names = tiers.flatMap((tier) =>
    routeOf({ ...nothing, ...page, tier }, config.routes).recipients.map(({ notifier }) => notifier),
  )
  const { open, ageHours, growth } = limitsOf(queue, null, config.limits)
  return {
    told: [...new Set(names)].filter((name) => name !== logNotifier),
    isUnlimited: open === null && ageHours === null && !growth,
  }
}
