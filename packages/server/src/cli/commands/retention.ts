import { setTimeout as sleep } from 'node:timers/promises'
import { agreedCount } from '../agreed-count.ts'
import type { Client } from '../client.ts'
import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { ago, type Output, printTable, size } from '../output.ts'
import { fillOf, ofEnded, ofOpen, type Policy, type Room, whenFull } from '../retention-words.ts'
import { safeLine } from '../safe-text.ts'

interface Ending {
  readonly delete: number
  readonly archive: number
}

interface Pass {
  readonly id: string
  readonly state: 'running' | 'done' | 'asks' | 'failed'
  readonly startedAt: string
  readonly by: string
  readonly reason: string | null
  readonly toDelete: number
  readonly toArchive: number
  readonly deleted: number
  readonly archived: number
  readonly freedBytes: number
  readonly problem: string | null
}

interface Retention {
  readonly office: Policy
  readonly own: readonly (Policy & { readonly queue: string; readonly tier: string | null })[]
  readonly room: readonly Room[]
  readonly due: Ending
  readonly forecast: {
    readonly days: readonly (Ending & { readonly inDays: number })[]
    readonly queues: readonly (Ending & { readonly queue: string })[]
    readonly held: readonly {
      readonly why: 'never-looked-at' | 'in-line' | 'outcome-awaited'
      readonly queue: string
      readonly letters: number
      readonly causes: number
    }[]
  }
  readonly passes: readonly Pass[]
}

export function retentionCommand(options: GlobalOptions & { readonly days: number }): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const retention = await client.get<Retention>('/retention', { days: options.days })
    if (output.json) return output.out(JSON.stringify(retention))
    showPolicies(output, retention)
    showRoom(output, retention.room)
    showForecast(output, retention, options.days)
    showPasses(output, retention.passes, nowMs)
  })
}

export function retentionRunCommand(
  options: GlobalOptions & {
    readonly reason: string
    readonly by?: string
    readonly yes?: boolean
    readonly expect?: number
    readonly detach?: boolean
  },
): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const { due } = await client.get<Retention>('/retention', { days: 0 })
    const count = due.delete + due.archive
    if (!output.json) output.say(`Due now: ${sentence(due)}.`)
    if (count === 0) return exitCodes.ok
    const question = `End ${count} letters for good, but for their tombstones and archives?`
    const command = `redrive retention run --reason ${JSON.stringify(options.reason)}`
    const expect = await agreedCount({ question, count, command }, options)
    if (expect === null) {
      output.say('No letter was ended.')
      return exitCodes.ok
    }
    const { reason, by = defaultName() } = options
    const begun = await client.post<Pass>('/retention/run', { reason, by, expect })
    const pass = options.detach === true ? begun : await followed(client, output, begun)
    if (output.json) output.out(JSON.stringify(pass))
    else output.out(passSentence(pass))
    return pass.state === 'failed' ? exitCodes.failure : exitCodes.ok
  })
}

async function followed(client: Client, output: Output, begun: Pass): Promise<Pass> {
  let pass = begun
  while (pass.state === 'running') {
    await sleep(500)
    pass = await client.get<Pass>(`/retention/passes/${pass.id}`)
    if (process.stderr.isTTY && !output.json)
      process.stderr.write(
        `\r${(pass.deleted + pass.archived).toLocaleString('en-US')} of ${(pass.toDelete + pass.toArchive).toLocaleString('en-US')}  `,
      )
  }
  if (process.stderr.isTTY && !output.json) process.stderr.write('\r\u001b[K')
  return pass
}

function showPolicies(output: Output, { office, own }: Retention): void {
  output.out(`Letters that were replayed or discarded are ${ofEnded(office)}; open ones are ${ofOpen(office)}.`)
  if (own.length === 0) return
  output.out('')
  printTable(output, own, [
    { title: 'QUEUE', value: ({ queue }) => queue, max: 40 },
    { title: 'TIER', value: ({ tier }) => tier ?? 'all' },
    { title: 'DONE WITH', value: ofEnded },
    { title: 'OPEN', value: ofOpen },
  ])
}

function showRoom(output: Output, room: readonly Room[]): void {
  if (room.length === 0) return
  output.out('')
  printTable(output, room, [
    { title: 'QUEUE', value: ({ queue }) => queue, max: 40 },
    { title: 'LETTERS', value: ({ letters }) => letters.toLocaleString('en-US'), align: 'right' },
    { title: 'OF', value: ({ most }) => most.letters?.toLocaleString('en-US') ?? '–', align: 'right' },
    { title: 'BYTES', value: ({ bytes }) => size(bytes), align: 'right' },
    { title: 'OF', value: ({ most }) => (most.bytes === null ? '–' : size(most.bytes)), align: 'right' },
    { title: 'TAKEN', value: fillOf },
    { title: 'AT THE CAP', value: whenFull },
  ])
}

function showForecast(output: Output, { due, forecast }: Retention, days: number): void {
  output.out('')
  output.out(`${output.paint('bold', 'due now')}  ${sentence(due)}`)
  if (forecast.days.length === 0) output.out(`No letter ends within ${days} days.`)
  else {
    output.out('')
    printTable(output, forecast.days, [
      { title: 'WITHIN', value: ({ inDays }) => (inDays === 0 ? 'now' : `${inDays} d`), align: 'right' },
      { title: 'DELETED', value: (day) => day.delete, align: 'right' },
      { title: 'ARCHIVED', value: ({ archive }) => archive, align: 'right' },
    ])
    output.out('')
    printTable(output, forecast.queues, [
      { title: 'QUEUE', value: ({ queue }) => queue, max: 60 },
      { title: 'DELETED', value: (queue) => queue.delete, align: 'right' },
      { title: 'ARCHIVED', value: ({ archive }) => archive, align: 'right' },
    ])
  }
  for (const { why, queue, letters, causes } of forecast.held)
    output.out(`${output.paint('yellow', 'kept')}  ${safeLine(`${letters} of ${queue}: ${words(why, causes)}`)}`)
}

function words(why: Retention['forecast']['held'][number]['why'], causes: number): string {
  const of = `${causes} cause${causes === 1 ? '' : 's'}`
  if (why === 'never-looked-at') return `nobody has looked at ${of} of theirs (redrive causes --open)`
  if (why === 'in-line') return 'others of their key wait behind them'
  return 'what became of their replays is not known yet'
}

function showPasses(output: Output, passes: readonly Pass[], nowMs: number): void {
  if (passes.length === 0) return
  output.out('')
  printTable(output, passes, [
    { title: 'PASS', value: ({ id }) => id },
    { title: 'AGO', value: ({ startedAt }) => ago(startedAt, nowMs), align: 'right' },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'DELETED', value: ({ deleted }) => deleted, align: 'right' },
    { title: 'ARCHIVED', value: ({ archived }) => archived, align: 'right' },
    { title: 'GIVEN BACK', value: ({ freedBytes }) => size(freedBytes), align: 'right' },
    { title: 'BY', value: ({ by }) => by, max: 40 },
    { title: 'WHY', value: ({ problem, reason }) => problem ?? reason, max: 60 },
  ])
  const [latest] = passes
  if (latest?.state !== 'asks') return
  const count = latest.toDelete + latest.toArchive
  output.say(`So many letters are due at once that a person has to say so. If that is right:`)
  output.say(`  redrive retention run --reason … --yes --expect ${count}`)
}

function passSentence(pass: Pass): string {
  const done = sentence({ delete: pass.deleted, archive: pass.archived })
  if (pass.state === 'running') return `${pass.id} goes on. Look how far it is: redrive retention`
  if (pass.state === 'failed')
    return `${pass.id} ended early: ${safeLine(pass.problem ?? 'nobody knows why')}. Until afterwards: ${done}`
  return `${done}; ${size(pass.freedBytes)} given back to the disk`
}

function sentence(ending: Ending): string {
  return `${ending.delete} deleted, ${ending.archive} archived`
}
