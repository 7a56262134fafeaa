import { readFileSync } from 'node:fs'
import { RedriveError } from '@redrive/worker'
import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { addressOf, type QueueDetail, showQueue } from './queue.ts'

export interface DocumentOptions extends GlobalOptions {
  readonly owner?: string
  readonly contact?: string
  readonly source?: string
  readonly success?: string
  readonly failure?: string
  readonly runbook?: string
  readonly key?: string
  readonly bodySchema?: string
  readonly tier?: string
  readonly urgency?: string
  readonly process?: string
  readonly keepDays?: number
  readonly afterwards?: string
  readonly openKeepDays?: number
  readonly openAfterwards?: string
  readonly neverLookedAt?: string
  readonly mostLetters?: number
  readonly mostBytes?: string
  readonly whenReached?: string
  readonly whenReachedOpen?: string
  readonly alertOpen?: number | 'off'
  readonly alertAgeHours?: number | 'off'
  readonly alertDeathPercent?: number | 'off'
  readonly alertDeathLeast?: number
  readonly alertGrowth?: string
  readonly alertSilent?: string
  readonly clear?: readonly string[]
  readonly by?: string
  readonly reason?: string
}

export function queueDocumentCommand(name: string, options: DocumentOptions): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const queue = await client.patch<QueueDetail>(addressOf(name), {
      document: documentOf(options),
      by: options.by ?? defaultName(),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    })
    if (output.json) output.out(JSON.stringify(queue))
    else showQueue(output, queue, nowMs)
  })
}

const ofQueue = ['owner', 'contact', 'source', 'success', 'failure', 'runbook', 'key', 'bodySchema'] as const
const ofTier = ['owner', 'urgency', 'process'] as const
/** The same of both, with their places below `retention`. */
const ofRetention = {
  keepDays: ['keepDays'],
  afterwards: ['afterwards'],
  openKeepDays: ['open', 'keepDays'],
  openAfterwards: ['open', 'afterwards'],
  neverLookedAt: ['open', 'neverLookedAt'],
} as const

/** Of a queue only, with their places below `retention.most`. */
const ofCap = {
  mostLetters: ['most', 'letters'],
  mostBytes: ['most', 'bytes'],
  whenReached: ['most', 'whenReached'],
  whenReachedOpen: ['most', 'open'],
} as const
/** With their places below `alerts`; a tier has the last of its own. */
const ofAlerts = {
  alertAgeHours: 'ageHours',
  alertGrowth: 'growth',
  alertSilent: 'silent',
  alertOpen: 'open',
  alertDeathPercent: 'deathPercent',
  alertDeathLeast: 'deathLeast',
} as const
const alertsOfTier = ['alertOpen', 'alertDeathPercent', 'alertDeathLeast'] as const
const belowRetention: Readonly<Record<string, readonly [string, string?]>> = { ...ofRetention, ...ofCap }

/** As the API wants it: with `--tier`, what is said is said of that tier. @throws OPTION_INVALID */
function documentOf(options: DocumentOptions): object {
  const { tier } = options
  const placed = Object.keys(ofRetention) as (keyof typeof ofRetention)[]
  const caps = Object.keys(ofCap) as (keyof typeof ofCap)[]
  const alerts = Object.keys(ofAlerts) as (keyof typeof ofAlerts)[]
  const allowed: readonly string[] =
    tier === undefined ? [...ofQueue, ...placed, ...caps, ...alerts] : [...ofTier, ...placed, ...alertsOfTier]
  const given = [...new Set([...ofQueue, ...ofTier, ...placed, ...caps, ...alerts])].flatMap((field) => {
    const value = options[field]
    return value === undefined ? [] : [[field, field === 'bodySchema' ? fileText(String(value)) : value] as const]
  })
  const cleared = (options.clear ?? []).map((field) => [camel(field), null] as const)
  for (const [field] of [...given, ...cleared]) {
    if (allowed.includes(field)) continue
    throw new RedriveError(
      'OPTION_INVALID',
      `${field} is nothing that is said of ${tier === undefined ? 'a queue' : 'a tier'}.`,
      {
        hint: `It is one of ${allowed.join(', ')}${tier === undefined ? '; urgency and process go with --tier.' : '; the others go without --tier.'}`,
      },
    )
  }
  const both = cleared.find(([field]) => given.some(([name]) => name === field))
  if (both !== undefined) {
    throw new RedriveError('OPTION_INVALID', `${both[0]} is both said and cleared.`, {
      hint: 'Leave one of the two out.',
    })
  }
  const fields = nested([...given, ...cleared])
  return tier === undefined ? fields : { tiers: { [tier]: fields } }
}

type Value = string | number | null

function nested(said: readonly (readonly [string, Value])[]): object {
  const document: Record<string, unknown> = {}
  const retention: Record<string, unknown> = {}
  const alerts: Record<string, Value> = {}
  const parts: Record<string, Record<string, Value>> = {}
  for (const [name, value] of said) {
    const [first, second] = belowRetention[name] ?? []
    const limit = (ofAlerts as Readonly<Record<string, string>>)[name]
    if (limit !== undefined) alerts[limit] = value
    else if (first === undefined) document[name] = value
    else if (second === undefined) retention[first] = value
    else {
      const part = (parts[first] ??= {})
      part[second] = value
      retention[first] = part
    }
  }
  return {
    ...document,
    ...(Object.keys(retention).length === 0 ? {} : { retention }),
    ...(Object.keys(alerts).length === 0 ? {} : { alerts }),
  }
}

const camel = (name: string): string => name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

function fileText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new RedriveError('OPTION_INVALID', `${file} cannot be read.`, {
      cause: error,
      hint: 'Give the file of a JSON Schema, or - for standard input.',
    })
  }
}
