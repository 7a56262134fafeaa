import type { Fact, Notice, Notifier } from '../alerts/index.ts'
import type { Masker } from './masker.ts'

/** Notifiers that are given what nobody in particular may see. Their links hold secrets that are meant for whom they tell. */
export function maskedNotifiers(
  notifiers: ReadonlyMap<string, Notifier>,
  masker: Masker | null,
): ReadonlyMap<string, Notifier> {
  if (masker === null) return notifiers
  return new Map(
    Array.from(notifiers, ([name, notifier]): [string, Notifier] => [
      name,
      {
        name: notifier.name,
        perMinute: notifier.perMinute,
        deliver: ({ key, notice }, signal) => notifier.deliver({ key, notice: maskNotice(masker, notice) }, signal),
      },
    ]),
  )
}

/** Of a notice that is not whole what there is: one that cannot be told would be tried for days, and all behind it would wait. */
function maskNotice(masker: Masker, notice: Notice): Notice {
  const { title, facts, next, links }: Partial<Notice> = notice
  const shown = (text: unknown): string => masker.text(typeof text === 'string' ? text : '', notice.queue ?? null)
  const given: readonly (Partial<Fact> | null)[] = Array.isArray(facts) ? facts : []
  return {
    ...notice,
    title: shown(title),
    facts: given.map((fact) => ({ name: shown(fact?.name), value: shown(fact?.value) })),
    next: next === null || next === undefined ? null : shown(next),
    links: links ?? { acknowledge: null, runbook: null },
  }
}
