import { isRedriveError } from '@redrive/worker'
import type { Client } from '../client.ts'
import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { ago, type Output, printTable } from '../output.ts'
import { safeLine } from '../safe-text.ts'
import { type CauseLife, lifeLines, nextStep } from './cause-views.ts'

interface CauseSummary {
  readonly id: string
  readonly queue: string
  readonly consumer: string | null
  readonly tier: string
  readonly state: string
  readonly title: string
  readonly firstSeen: string
  readonly lastSeen: string
  readonly letters: number
  readonly open: number
  readonly owner: string | null
  readonly assignee: string | null
}

interface Facet {
  readonly value: string | null
  readonly letters: number
  readonly firstSeen: string
  readonly lastSeen: string
}

interface CauseDetail extends CauseSummary, CauseLife {
  readonly why: {
    readonly basis: string
    readonly fingerprintVersion: number
    readonly fingerprintKey: string
    readonly parts: Readonly<Record<string, string | readonly string[]>>
    readonly shapes: number
  }
  readonly states: Readonly<Record<string, number>>
  readonly hours: readonly { readonly hour: string; readonly letters: number }[]
  readonly releases: readonly Facet[]
  readonly hosts: readonly Facet[]
  readonly samples: readonly string[]
  readonly goes: readonly Tie[]
  readonly comes: readonly Tie[]
  readonly elsewhere: readonly { readonly cause: string; readonly title: string }[]
}

/** A merge or a split that counts. */
interface Tie {
  readonly rule: string
  readonly kind: 'merge' | 'split'
  readonly causes: readonly string[]
  readonly where: readonly string[]
  readonly cause: string
  readonly by: string
  readonly reason: string | null
}

export function causesCommand(
  options: GlobalOptions & {
    readonly queue?: string
    readonly tier?: string
    readonly open?: boolean
    readonly state?: string
    readonly owner?: string
    readonly assignee?: string
    readonly unowned?: boolean
    readonly emptied?: boolean
    readonly limit: number
    readonly after?: string
    readonly jsonl?: boolean
    readonly requireMatch?: boolean
  },
): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const { causes, next } = await client.get<{ causes: readonly CauseSummary[]; next: string | null }>('/causes', {
      queue: options.queue,
      tier: options.tier,
      open: options.open === true ? 'true' : undefined,
      state: options.state,
      owner: options.owner,
      assignee: options.assignee,
      unowned: options.unowned === true ? 'true' : undefined,
      emptied: options.emptied === true ? 'true' : undefined,
      limit: options.limit,
      after: options.after,
    })
    if (options.jsonl) for (const cause of causes) output.out(JSON.stringify(cause))
    else if (output.json) output.out(JSON.stringify(causes))
    else if (causes.length > 0) printCauses(output, causes, nowMs)
    const { queue, tier, open, state, owner, assignee, unowned, after } = options
    const isAll = [queue, tier, open, state, owner, assignee, unowned, after].every((given) => given === undefined)
    if (causes.length === 0) output.say(isAll ? 'No cause: nothing has died here.' : 'No cause is like that.')
    else if (next !== null) output.say(output.paint('dim', `More: add --after ${next}`))
    else if (output.terminal) output.say(output.paint('dim', `Next: redrive cause show ${causes[0]?.id}`))
    return causes.length === 0 && options.requireMatch ? exitCodes.nothingMatched : exitCodes.ok
  })
}

/** A viewer's looking changes nothing: the cause stays new. */
async function look(client: Client, path: string, by = defaultName()): Promise<Partial<CauseLife>> {
  try {
    return await client.post<CauseLife>(`${path}/look`, { by })
  } catch (error) {
    if (isRedriveError(error, 'FORBIDDEN')) return {}
    throw error
  }
}

/** Says that somebody has looked: a new cause is open from then on. */
export function causeShowCommand(id: string, options: GlobalOptions & { readonly by?: string }): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const path = `/causes/${encodeURIComponent(id)}`
    const found = await client.get<CauseDetail>(path)
    const isNew = found.state === 'new'
    const cause: CauseDetail = isNew ? { ...found, ...(await look(client, path, options.by)) } : found
    if (output.json) output.out(JSON.stringify(cause))
    else showCause(output, cause, nowMs)
  })
}

function printCauses(output: Output, causes: readonly CauseSummary[], nowMs: number): void {
  printTable(output, causes, [
    { title: 'CAUSE', value: ({ id }) => id },
    { title: 'OPEN', value: ({ open }) => open, align: 'right' },
    { title: 'OF', value: ({ letters }) => letters, align: 'right' },
    { title: 'TIER', value: ({ tier }) => tier },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'OWNER', value: ({ owner }) => owner, max: 16 },
    { title: 'ASSIGNEE', value: ({ assignee }) => assignee, max: 16 },
    { title: 'QUEUE', value: ({ queue }) => queue, max: 24 },
    { title: 'CONSUMER', value: ({ consumer }) => consumer, max: 16 },
    { title: 'SEEN', value: ({ lastSeen }) => ago(lastSeen, nowMs), align: 'right' },
    { title: 'WHY', value: ({ title }) => title, max: 80 },
  ])
}

function showCause(output: Output, cause: CauseDetail, nowMs: number): void {
  const { states } = cause
  const line = (text: string): void => output.out(safeLine(text))
  const field = (name: string, text: string): void =>
    output.out(`${output.paint('dim', name.padEnd(10))}${safeLine(text)}`)
  output.out(output.paint('bold', safeLine(cause.title)))
  field('cause', `${cause.id}  ${cause.state}, ${cause.tier}`)
  for (const [name, text] of lifeLines(cause, nowMs)) field(name, text)
  field('queue', `${cause.queue}, consumer ${cause.consumer ?? 'unknown'}`)
  field(
    'letters',
    Object.entries(states)
      .map(([state, letters]) => `${letters} ${state}`)
      .join(', ') || 'none',
  )
  for (const tie of cause.goes) field('goes', tieText(tie))
  for (const tie of cause.comes) field('comes', tieText(tie))
  for (const { cause: id, title } of cause.elsewhere) field('now in', `${id}  ${title}`)
  field(
    'seen',
    `first ${ago(cause.firstSeen, nowMs)} ago (${cause.firstSeen}), last ${ago(cause.lastSeen, nowMs)} ago (${cause.lastSeen})`,
  )
  for (const { hour, letters } of cause.hours.slice(-8)) field('hour', `${hour.slice(0, 13)}:00Z  ${letters}`)
  if (cause.releases.length > 0) field('releases', cause.releases.map(facetText).join(', '))
  if (cause.hosts.length > 0) field('hosts', cause.hosts.map(facetText).join(', '))
  output.out('')
  output.out(output.paint('bold', 'Why these letters are together'))
  for (const reason of reasons(cause)) line(`  ${reason}`)
  output.out('')
  for (const letter of cause.samples) field('letter', letter)
  output.say(next(cause))
}

/** In plain words: what was compared, and what it was. */
function reasons({ tier, queue, consumer, why }: CauseDetail): readonly string[] {
  const { parts } = why
  const of = (name: string): string => [parts[name] ?? []].flat().filter(Boolean).join(': ')
  const frames = [parts['frames'] ?? []].flat()
  const place = `They died in the queue ${queue}, in the hands of ${consumer ?? 'an unknown consumer'}, as ${tier}`
  const said =
    of('errorClass') === '' && of('template') === ''
      ? ''
      : `${[of('errorClass'), of('template')].filter(Boolean).join(': ')}`
  return [
    `${place}${basisText[why.basis] ?? '.'}`,
    ...(said === '' ? [] : [`error   ${said}`]),
    ...(of('thrown') === '' ? [] : [`thrown  as ${of('thrown')}`]),
    ...(of('reason') === '' ? [] : [`reason  ${of('reason')}`]),
    ...frames.map((frame, index) => `${index === 0 ? 'at      ' : '        '}${frame}`),
    ...(why.shapes > 1
      ? [`${why.shapes} forms of the failure were recognised as the same one (cut or missing stacks, wrapped errors).`]
      : []),
    `fingerprint ${why.fingerprintKey}, version ${why.fingerprintVersion}`,
  ]
}

const basisText: Readonly<Record<string, string>> = {
  frames: ', with the same innermost error, thrown from the same places of your own code:',
  message: ', without a usable stack, with the same error once what varies (ids, numbers, times) is taken out:',
  reason: ', without any error; the broker gave the same reason:',
  rule: ', and somebody said that they belong together: redrive rules list',
  nothing: ', and neither an error nor a reason was given.',
}

function tieText({ rule, kind, causes, where, cause, by, reason }: Tie): string {
  const which = where.length === 0 ? 'all letters' : `letters with ${where.join(' and ')}`
  return `${which} of ${causes.join(', ')} belong to ${cause}: ${kind} ${rule} by ${by}${reason === null ? '' : `: ${reason}`}`
}

function facetText({ value, letters, firstSeen }: Facet): string {
  return `${value ?? 'others'} (${letters}, since ${firstSeen.slice(0, 16)}Z)`
}

function next({ id, state, states, samples }: CauseDetail): string {
  const open = states['open'] ?? 0
  if (Object.keys(states).length === 0) return 'No letter belongs to it.'
  const look =
    samples[0] === undefined
      ? ''
      : `Look at one: redrive letter show ${samples[0]}   or see what they have in common: redrive cause common ${id}\n`
  const replay =
    open === 0
      ? 'No letter of it is open; nothing to replay.'
      : `Once it is fixed: redrive replay plan --cause ${id}   (sends nothing yet)`
  return state === 'fixed' && open > 0
    ? `${look}${nextStep({ id, state })}`
    : `${look}${nextStep({ id, state })}\n${replay}`
}
