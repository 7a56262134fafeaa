import { type Tier, tiers } from '@redrive/worker'
import { queueFields } from '../config/index.ts'
import type { SaidOfQueue } from './said.ts'

/** Fields that a queue can do without. */
const optional = ['bodySchema']

/** Fields of which nothing is said: those of the queue, and the process of each tier with open letters, by their paths. */
export function missingFields(said: SaidOfQueue, open: Readonly<Partial<Record<Tier, number>>>): readonly string[] {
  return [
    ...queueFields.filter((field) => !optional.includes(field) && said.document[field] === null),
    ...tiers
      .filter((tier) => (open[tier] ?? 0) > 0 && said.tiers[tier].process === null)
      .map((tier) => `tiers.${tier}.process`),
  ]
}

/** What to type to say them, `…` where it is to be filled in; the first tier's only, for a command speaks of one. */
export function documentCommand(queue: string, fields: readonly string[]): string | null {
  const own = fields.filter((field) => !field.startsWith('tiers.'))
  const tier = fields.find((field) => field.startsWith('tiers.'))?.split('.')[1]
  const options =
    own.length > 0 ? own.map((field) => `--${dashed(field)} …`) : tier === undefined ? [] : tierOptions(tier)
  if (options.length === 0) return null
  return `redrive queue document ${options.join(' ')} ${shellWord(queue)}`
}

function tierOptions(tier: string): readonly string[] {
  return [`--tier ${tier}`, '--urgency …', '--process …']
}

function dashed(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** A name as one word of a shell, whatever is in it; behind `--` where it would be an option. */
export function shellWord(text: string): string {
  const word = /^[\w.@:/+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
  return text.startsWith('-') ? `-- ${word}` : word
}

/** As the option that it is for many commands: a name that begins with a dash would be one of its own. */
export function queueOption(queue: string): string {
  return queue.startsWith('-') ? `--queue=${shellWord(queue).replace(/^-- /, '')}` : `--queue ${shellWord(queue)}`
}
