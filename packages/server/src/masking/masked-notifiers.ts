import type { Notice, Notifier } from '../alerts/index.ts'
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

function maskNotice(masker: Masker, notice: Notice): Notice {
  const shown = (text: string): string => masker.text(text, notice.queue)
  return {
    ...notice,
    title: shown(notice.title),
    facts: notice.facts.map(({ name, value }) => ({ name: shown(name), value: shown(value) })),
    next: notice.next === null ? null : shown(notice.next),
  }
}
