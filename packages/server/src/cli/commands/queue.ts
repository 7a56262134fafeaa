import { readFileSync } from 'node:fs'
import { RedriveError } from '@redrive/worker'
import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { ago, type Output, printTable, size } from '../output.ts'
import { fillOf, ofEnded, ofOpen, type Policy, type Room, whenFull } from '../retention-words.ts'
import { safeLine, safeText } from '../safe-text.ts'
import { type TrafficOfQueue, trafficLines } from '../traffic-words.ts'

interface Said {
  readonly value: string
  readonly origin: 'file' | 'api'
  readonly by: string
  readonly at: string
}

interface QueueDetail {
  readonly name: string
  readonly seen: {
    readonly broker: string
    readonly place: string
    readonly uncertain: string
    readonly oldestOpenAt: string | null
    readonly newestAt: string | null
    readonly sources: readonly { readonly broker: string; readonly place: string }[]
    readonly latestCauses: readonly { readonly id: string; readonly title: string }[]
  } | null
  readonly letters: Readonly<Record<string, number>>
  readonly causes: number
  readonly traffic: TrafficOfQueue
  readonly document: Readonly<Record<string, Said | null>>
  readonly tiers: readonly {
    readonly tier: string
    readonly open: number
    readonly owner: Said | null
    readonly urgency: Said | null
    readonly process: Said | null
  }[]
  readonly retention: readonly (Policy & { readonly tier: string | null })[]
  readonly room: Room | null
  readonly missing: readonly string[]
  readonly next: string | null
}

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
  readonly clear?: readonly string[]
  readonly by?: string
  readonly reason?: string
}

export function queueShowCommand(name: string, options: GlobalOptions): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const queue = await client.get<QueueDetail>(addressOf(name))
    if (output.json) output.out(JSON.stringify(queue))
    else showQueue(output, queue, nowMs)
  })
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

/** `.` and `..` do not stay in an address as they are. @throws OPTION_INVALID */
function addressOf(name: string): string {
  if (name === '')
    throw new RedriveError('OPTION_INVALID', 'A queue has a name.', { hint: 'Names are in: redrive queues' })
  const encoded = encodeURIComponent(name.toWellFormed())
  return /^\.{1,2}$/.test(name) ? `/queues/-?name=${encoded}` : `/queues/${encoded}`
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
const belowRetention: Readonly<Record<string, readonly [string, string?]>> = { ...ofRetention, ...ofCap }

/** As the API wants it: with `--tier`, what is said is said of that tier. @throws OPTION_INVALID */
function documentOf(options: DocumentOptions): object {
  const { tier } = options
  const placed = Object.keys(ofRetention) as (keyof typeof ofRetention)[]
  const caps = Object.keys(ofCap) as (keyof typeof ofCap)[]
  const allowed: readonly string[] = tier === undefined ? [...ofQueue, ...placed, ...caps] : [...ofTier, ...placed]
  const given = [...new Set([...ofQueue, ...ofTier, ...placed, ...caps])].flatMap((field) => {
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
  const parts: Record<string, Record<string, Value>> = {}
  for (const [name, value] of said) {
    const [first, second] = belowRetention[name] ?? []
    if (first === undefined) document[name] = value
    else if (second === undefined) retention[first] = value
    else {
      const part = (parts[first] ??= {})
      part[second] = value
      retention[first] = part
    }
  }
  return Object.keys(retention).length === 0 ? document : { ...document, retention }
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

const labelWidth = 12

function showQueue(output: Output, queue: QueueDetail, nowMs: number): void {
  const { seen } = queue
  const field = (name: string, text: string): void =>
    output.out(`${output.paint('dim', name.padEnd(labelWidth))}${safeLine(text)}`)
  output.out(output.paint('bold', safeLine(queue.name)))
  for (const [name, said] of Object.entries(queue.document)) {
    if (said === null) field(name, '–')
    else if (name === 'bodySchema') field(name, `set, ${size(Buffer.byteLength(said.value))}  ${from(said)}`)
    else lines(output, { name, said })
  }
  field(
    'letters',
    Object.entries(queue.letters)
      .map(([state, letters]) => `${letters} ${state}`)
      .join(', ') || 'none yet',
  )
  for (const [at, line] of trafficLines(queue.traffic, nowMs).entries()) field(at === 0 ? 'traffic' : '', line)
  if (seen !== null) {
    field(
      'causes',
      `${queue.causes}; oldest open ${ago(seen.oldestOpenAt, nowMs)}, newest ${ago(seen.newestAt, nowMs)}`,
    )
    for (const { id, title } of seen.latestCauses) field('', `${id}  ${title}`)
    field('from', seen.sources.map(({ broker, place }) => `${place} on ${broker}`).join(', ') || '–')
    field('uncertain', `${seen.uncertain} when nobody can find out whether a replay arrived`)
  }
  output.out('')
  printTable(output, queue.tiers, [
    { title: 'TIER', value: ({ tier }) => tier },
    { title: 'OPEN', value: ({ open }) => open, align: 'right' },
    { title: 'OWNER', value: ({ owner }) => owner?.value ?? null, max: 24 },
    { title: 'URGENCY', value: ({ urgency }) => urgency?.value ?? null },
    { title: 'SAID BY', value: saidBy, max: 60 },
  ])
  for (const policy of queue.retention)
    field(policy.tier ?? 'retention', `done with: ${ofEnded(policy)}; open: ${ofOpen(policy)}`)
  if (queue.room !== null) field('kept', roomLine(queue.room))
  for (const { tier, process } of queue.tiers) if (process !== null) lines(output, { name: tier, said: process })
  if (queue.next === null) return
  output.say(safeLine(`Missing: ${queue.missing.join(', ')}`))
  output.say(safeLine(`Say it: ${queue.next}`))
}

function roomLine(room: Room): string {
  const { letters, bytes, most } = room
  const of = (is: string, cap: string | null): string => (cap === null ? is : `${is} of ${cap}`)
  const kept = `${of(letters.toLocaleString('en-US'), most.letters?.toLocaleString('en-US') ?? null)} letters, ${of(size(bytes), most.bytes === null ? null : size(most.bytes))}`
  return room.most.letters === null && most.bytes === null
    ? `${kept}; no cap`
    : `${kept} (${fillOf(room)}); at the cap ${whenFull(room)}`
}

/** A text keeps its lines, each behind the field's name, so that none of them looks like another field. */
function lines(output: Output, { name, said }: { readonly name: string; readonly said: Said }): void {
  const [first = '', ...rest] = said.value.trimEnd().split(/\r?\n/)
  output.out(
    `${output.paint('dim', name.padEnd(labelWidth))}${safeText(first)}${rest.length === 0 ? `  ${from(said)}` : ''}`,
  )
  for (const line of rest) output.out(`${' '.repeat(labelWidth)}${safeText(line)}`)
  if (rest.length > 0) output.out(`${' '.repeat(labelWidth)}${from(said)}`)
}

function saidBy({ owner, urgency }: QueueDetail['tiers'][number]): string | null {
  const names = new Set([owner, urgency].flatMap((said) => (said === null ? [] : [said.by])))
  return names.size === 0 ? null : [...names].join(', ')
}

function from({ by }: Said): string {
  return safeLine(`(${by})`)
}
