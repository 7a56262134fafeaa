import { setTimeout as sleep } from 'node:timers/promises'
import { agreedCount } from '../agreed-count.ts'
import { type Context, defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { ago, type Output, printTable } from '../output.ts'
import { safeLine } from '../safe-text.ts'
import { type SelectionOptions, selectionOf } from '../selection.ts'

interface Erasure {
  readonly id: string
  readonly state: 'planned' | 'running' | 'done'
  readonly letters: number
  readonly erased: number
  readonly createdAt: string
  readonly createdBy: string
  readonly begunAt: string | null
  readonly begunBy: string | null
  readonly reason: string | null
  readonly lettersGoneAt: string | null
  readonly archivesWrittenAt: string | null
  readonly archives: number
  readonly textsGoneAt: string | null
  readonly texts: number
  readonly bytesGoneAt: string | null
  readonly finishedAt: string | null
  readonly leftToOthers: readonly string[]
  readonly problem: string | null
}

interface Mention {
  readonly place: string
  readonly rows: number
}

interface ErasureDetail extends Erasure {
  readonly left: readonly { readonly queue: string; readonly state: string; readonly letters: number }[]
  readonly waiting: readonly { readonly why: string; readonly letters: number }[]
  readonly sources: readonly {
    readonly broker: string
    readonly system: string
    readonly place: string
    readonly letters: number
  }[]
  readonly mentions: Readonly<Record<'office' | 'people' | 'settings', readonly Mention[]>>
  readonly notes: readonly string[]
}

export function erasePlanCommand(
  query: readonly string[],
  options: GlobalOptions & SelectionOptions & { readonly key?: string; readonly by?: string },
): Promise<void> {
  return withOffice(options, async (context) => {
    const { key, by = defaultName() } = options
    const asked = key === undefined || query.length > 0 || options.idsFile !== undefined
    const selection = asked ? await selectionOf(query, options) : {}
    const body = { ...selection, ...(key === undefined ? {} : { key }), by }
    show(context, await context.client.post<ErasureDetail>('/erasures', body))
  })
}

export function eraseRunCommand(
  id: string,
  options: GlobalOptions & {
    readonly reason: string
    readonly by?: string
    readonly yes?: boolean
    readonly expect?: number
    readonly alsoWords?: boolean
    readonly detach?: boolean
  },
): Promise<void> {
  return withOffice(options, async (context) => {
    const { client, output } = context
    const path = `/erasures/${encodeURIComponent(id)}`
    const planned = await client.get<ErasureDetail>(path)
    const count = planned.letters
    const question = `Erase ${count} letter${count === 1 ? '' : 's'} for good? It cannot be undone, and nobody can bring them back.`
    const command = `redrive erase run ${id} --reason ${JSON.stringify(options.reason)}`
    const agreed = options.expect !== undefined ? { ...options, yes: true } : options
    const expect = await agreedCount({ question, count, command }, agreed)
    if (expect === null) {
      output.say('No letter was erased.')
      return exitCodes.ok
    }
    const { reason, by = defaultName(), alsoWords = false } = options
    const begun = await client.post<ErasureDetail>(`${path}/run`, { reason, by, expect, alsoWords })
    show(context, options.detach === true ? begun : await followed(context, path, begun))
    return exitCodes.ok
  })
}

/** Until it is done, or waits for somebody else. */
async function followed({ client }: Context, path: string, begun: ErasureDetail): Promise<ErasureDetail> {
  let erasure = begun
  while (erasure.state === 'running' && erasure.problem === null && !isWaiting(erasure)) {
    await sleep(500)
    erasure = await client.get<ErasureDetail>(path)
  }
  return erasure
}

function isWaiting({ left, waiting, bytesGoneAt }: ErasureDetail): boolean {
  const sum = (all: readonly { readonly letters: number }[]): number => all.reduce((n, { letters }) => n + letters, 0)
  return sum(waiting) > 0 && sum(waiting) === sum(left) && bytesGoneAt !== null
}

export function eraseShowCommand(id: string, options: GlobalOptions): Promise<void> {
  return withOffice(options, async (context) => {
    show(context, await context.client.get<ErasureDetail>(`/erasures/${encodeURIComponent(id)}`))
  })
}

export function eraseListCommand(
  options: GlobalOptions & { readonly limit: number; readonly after?: string },
): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const { limit, after } = options
    const { erasures, next } = await client.get<{ erasures: readonly Erasure[]; next: string | null }>('/erasures', {
      limit,
      after,
    })
    if (output.json) output.out(JSON.stringify(erasures))
    else if (erasures.length > 0)
      printTable(output, erasures, [
        { title: 'ERASURE', value: ({ id }) => id },
        { title: 'AGO', value: ({ begunAt, createdAt }) => ago(begunAt ?? createdAt, nowMs), align: 'right' },
        { title: 'STATE', value: ({ state }) => state },
        { title: 'LETTERS', value: ({ letters }) => letters, align: 'right' },
        { title: 'ERASED', value: ({ erased }) => erased, align: 'right' },
        { title: 'BY', value: ({ begunBy, createdBy }) => begunBy ?? createdBy, max: 24 },
        { title: 'WHY', value: ({ problem, reason }) => problem ?? reason, max: 80 },
      ])
    if (erasures.length === 0)
      output.say('Nothing was erased. Look what is held of somebody: redrive erase plan --key …')
    else if (next !== null) output.say(output.paint('dim', `More: add --after ${next}`))
  })
}

function show({ output, nowMs }: Pick<Context, 'output' | 'nowMs'>, erasure: ErasureDetail): void {
  if (output.json) return output.out(JSON.stringify(erasure))
  const { id, state, letters, reason, problem } = erasure
  output.out(`${output.paint('bold', sentence(erasure))}  ${id}`)
  if (reason !== null) output.out(`${output.paint('dim', 'why'.padEnd(12))}${safeLine(reason)}`)
  if (erasure.left.length > 0)
    printTable(output, erasure.left, [
      { title: 'LETTERS', value: (left) => left.letters, align: 'right' },
      { title: 'STATE', value: (left) => left.state },
      { title: 'QUEUE', value: ({ queue }) => queue, max: 60 },
    ])
  for (const { why, letters: count } of erasure.waiting)
    output.out(`${output.paint('yellow', 'waits')}  ${count}: ${waits[why] ?? why}`)
  if (state === 'planned') showElsewhere(output, erasure)
  else showWay(output, erasure, nowMs)
  if (problem !== null)
    output.out(`${output.paint('red', 'trouble')}  ${safeLine(problem)}; it is tried again each minute`)
  if (state === 'planned' && letters > 0)
    output.say(`It cannot be undone. Do it: redrive erase run ${id} --reason … --expect ${letters}`)
}

function sentence({ state, letters, erased }: ErasureDetail): string {
  if (state === 'planned')
    return letters === 0 ? 'No letter would be erased' : `${letters} would be erased; none is yet`
  return state === 'done' ? `${erased} erased` : `${erased} of ${letters} erased; it goes on by itself`
}

const waits: Readonly<Record<string, string>> = {
  replaying: 'a run is sending them; they are erased when it is over (redrive replay list)',
  uncertain:
    'a send is in doubt, and nobody can find out any more once they are gone: decide first (redrive uncertain list)',
  'in-line':
    'others of their key wait behind them; they are discarded, their worker is told that its key goes on, and then they are erased',
  unsettled: 'their source may deliver them once more; within an hour',
}

function showElsewhere(output: Output, { mentions, sources, notes }: ErasureDetail): void {
  const told: readonly (readonly [readonly Mention[], string])[] = [
    [mentions.office, 'in what the office wrote; it goes as well'],
    [mentions.people, 'in what people wrote; it stays, unless you add --also-words'],
    [mentions.settings, 'in rules, links or documents of queues; it stays: change it there'],
  ]
  for (const [found, what] of told)
    for (const { place, rows } of found) output.out(`${output.paint('yellow', 'named')}  ${rows} × ${place}, ${what}`)
  for (const note of notes) output.out(`${output.paint('yellow', 'note')}   ${noted[note] ?? safeLine(note)}`)
  for (const { broker, system, place, letters } of sources)
    output.out(
      safeLine(
        `${letters} came from ${place} (${broker}). ${system === 'kafka' ? 'Kafka keeps them there for as long as the topic says' : 'What still lies there is not touched'}.`,
      ),
    )
}

const noted: Readonly<Record<string, string>> = {
  'own-words-stay':
    'a text is also a word of the office (a queue, state, tier, alert rule or field): it stays where it is all of a value or stands in a query',
  'words-find-a-part':
    'words find only what the index holds: at most 32 words a letter, of its key, identity, error message and the first 8 KB of its body; no headers, no stacks, and beyond ASCII capital letters are others. Plan by key as well, and read the bodies: docs/do/erase-a-persons-letters.md#letters-that-words-do-not-find',
}

function showWay(output: Output, erasure: ErasureDetail, nowMs: number): void {
  const steps: readonly (readonly [string, string | null])[] = [
    ['letters gone', erasure.lettersGoneAt],
    [`archives written anew (${erasure.archives})`, erasure.archivesWrittenAt],
    [`texts elsewhere replaced (${erasure.texts})`, erasure.textsGoneAt],
    ["bytes gone from the database's files", erasure.bytesGoneAt],
  ]
  for (const [what, at] of steps)
    output.out(`${at === null ? '–'.padStart(8) : `${ago(at, nowMs)} ago`.padStart(8)}  ${what}`)
  for (const what of erasure.leftToOthers) output.out(`${output.paint('yellow', 'yours')}  ${others[what] ?? what}`)
}

const others: Readonly<Record<string, string>> = {
  statistics: 'samples of values in pg_statistic: have an owner of the database run VACUUM FULL pg_statistic',
  checkpoint: 'files of tables that were removed go with the next checkpoint',
  log: 'the write-ahead log of your PostgreSQL holds the bytes until it is used again or removed; so does its archive',
  'replicas-and-backups': 'backups hold them until they are thrown away',
}
