import { RedriveError } from '@redrive/worker'
import { type GlobalOptions, withOffice } from '../context.ts'
import { ago, type Output, printTable, size } from '../output.ts'
import { fillOf, ofEnded, ofOpen, type Policy, type Room, whenFull } from '../retention-words.ts'
import { safeLine, safeText } from '../safe-text.ts'
import { type TrafficOfQueue, trafficLines } from '../traffic-words.ts'

/** From when on somebody is told; `null`: never. */
interface Limits {
  readonly tier: string | null
  readonly open: number | null
  readonly ageHours: number | null
  readonly deathPercent: number | null
  readonly deathLeast: number
  readonly growth: boolean
  readonly silent: string
}

interface Said {
  readonly value: string
  readonly origin: 'file' | 'api'
  readonly by: string
  readonly at: string
}

export interface QueueDetail {
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
  readonly limits: readonly Limits[]
  readonly missing: readonly string[]
  readonly next: string | null
}

export function queueShowCommand(name: string, options: GlobalOptions): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const queue = await client.get<QueueDetail>(addressOf(name))
    if (output.json) output.out(JSON.stringify(queue))
    else showQueue(output, queue, nowMs)
  })
}

/** `.` and `..` do not stay in an address as they are. @throws OPTION_INVALID */
export function addressOf(name: string): string {
  if (name === '')
    throw new RedriveError('OPTION_INVALID', 'A queue has a name.', { hint: 'Names are in: redrive queues' })
  const encoded = encodeURIComponent(name.toWellFormed())
  return /^\.{1,2}$/.test(name) ? `/queues/-?name=${encoded}` : `/queues/${encoded}`
}

const labelWidth = 12

export function showQueue(output: Output, queue: QueueDetail, nowMs: number): void {
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
  for (const limits of queue.limits) field(limits.tier ?? 'told of', limitsLine(limits))
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

function limitsLine({ tier, open, ageHours, deathPercent, deathLeast, growth, silent }: Limits): string {
  const parts = [
    ...(open === null ? [] : [`${open.toLocaleString('en-US')} open`]),
    ...(ageHours === null ? [] : [`the oldest open for ${ageHours} h`]),
    ...(deathPercent === null ? [] : [`${deathPercent} % of ${deathLeast} or more messages die`]),
    ...(growth && tier === null ? ['growth'] : []),
    ...(silent === 'ticket' ? ['silence'] : []),
  ]
  return parts.length === 0 ? 'nothing of its numbers' : parts.join('; ')
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
