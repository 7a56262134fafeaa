import { hash } from 'node:crypto'
import { storableText } from '../../store/copy-binary.ts'
import { causeIdOf } from '../assign-cause.ts'
import type { LetterToPlace } from './letter-to-place.ts'
import type { CauseRule, Founding } from './rule.ts'
import { titleFrom } from './title.ts'

/** No version of the algorithm: what a rule says does not change with it. */
export const ruleVersion = 0

/** What a value is shared by that came when there were enough. */
export const others: unique symbol = Symbol('others')
export type Value = string | null | typeof others

interface Scope {
  readonly queueId: number
  readonly queue: string
  readonly consumer: string | null
  readonly tier: string
}

/** Every node computes the same cause without asking, as it does for the algorithm's: from rule, queue, consumer, tier and value. */
export function ruleCauseKey(
  ruleId: string,
  scope: Scope,
  value: Value,
): { readonly key: string; readonly id: string } {
  const consumer = scope.consumer === null ? null : storableText(scope.consumer).toWellFormed()
  const said = value === others ? ['others'] : value
  const key = hash('sha256', JSON.stringify(['rule', ruleId, scope.queueId, consumer, scope.tier, said]), 'hex').slice(
    0,
    32,
  )
  return { key, id: causeIdOf(key).toString() }
}

export function ruleParts(ruleId: string, scope: Scope, value: Value): Readonly<Record<string, string>> {
  return {
    queue: scope.queue,
    consumer: scope.consumer ?? '',
    tier: scope.tier,
    basis: 'rule',
    rule: ruleId,
    ...(value === null ? {} : { value: value === others ? 'others' : value }),
  }
}

/** The cause a rule leads a letter to. Its title is written once, from the letter that comes first. */
export function foundingOf(rule: CauseRule, letter: LetterToPlace, value: Value): Founding {
  const scope = { queueId: letter.queue.id, queue: letter.queue.name, consumer: letter.consumer, tier: letter.tier }
  return {
    ...ruleCauseKey(rule.id, scope, value),
    version: ruleVersion,
    basis: 'rule',
    ...namingOf(rule, letter, value),
    errorClass: null,
    template: null,
    rule: rule.id,
  }
}

/** What a rule's cause is shown as: without values that are masked. */
export function namingOf(rule: CauseRule, letter: LetterToPlace, value: Value): Pick<Founding, 'parts' | 'title'> {
  const { masked, per } = rule
  const scope = { queueId: letter.queue.id, queue: letter.queue.name, consumer: letter.consumer, tier: letter.tier }
  const template = rule.title ?? (per === null ? '{rule}' : '{rule}: {value}')
  const mark = per?.startsWith('header:') ? masked.get(per.slice('header:'.length)) : undefined
  const shown = typeof value === 'string' ? (mark ?? value) : value
  return {
    parts: ruleParts(rule.id, scope, shown),
    title: titleFrom(template, { letter, rule: rule.name, value: shown === others ? 'others' : shown, masked }),
  }
}
