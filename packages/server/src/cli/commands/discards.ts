import { type Context, defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { ago, type Output, printTable } from '../output.ts'
import { safeLine } from '../safe-text.ts'
import { type SelectionOptions, selectionOf } from '../selection.ts'

interface Discard {
  readonly id: string
  readonly state: 'planned' | 'done' | 'undone'
  readonly letters: number
  readonly skipped: number
  readonly reason: string
  readonly createdAt: string
  readonly createdBy: string
  readonly doneAt: string | null
  readonly doneBy: string | null
  readonly undoableUntil: string | null
  readonly undoneAt: string | null
  readonly undoneBy: string | null
  readonly undoneReason: string | null
  readonly reopened: number | null
}

interface DiscardDetail extends Discard {
  readonly causes: readonly {
    readonly cause: string
    readonly queue: string
    readonly title: string
    readonly letters: number
  }[]
  readonly oldestAt: string | null
}

export function discardCommand(
  query: readonly string[],
  options: GlobalOptions &
    SelectionOptions & {
      readonly reason: string
      readonly by?: string
      readonly plan?: boolean
      readonly expect?: number
    },
): Promise<void> {
  return withOffice(options, async (context: Context) => {
    const { by = defaultName(), reason, plan = false, expect } = options
    const selection = await selectionOf(query, options)
    const discard = await context.client.post<DiscardDetail>('/discards', {
      selection,
      by,
      reason,
      ...(plan ? { planOnly: true } : { expect }),
    })
    show(context, discard)
  })
}

export function discardsCommand(
  options: GlobalOptions & { readonly limit: number; readonly after?: string },
): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const { limit, after } = options
    const { discards, next } = await client.get<{ discards: readonly Discard[]; next: string | null }>('/discards', {
      limit,
      after,
    })
    if (output.json) output.out(JSON.stringify(discards))
    else if (discards.length > 0)
      printTable(output, discards, [
        { title: 'DISCARD', value: ({ id }) => id },
        { title: 'AGO', value: ({ doneAt, createdAt }) => ago(doneAt ?? createdAt, nowMs), align: 'right' },
        { title: 'STATE', value: ({ state }) => state },
        { title: 'LETTERS', value: ({ letters }) => letters, align: 'right' },
        { title: 'BY', value: ({ doneBy, createdBy }) => doneBy ?? createdBy, max: 24 },
        { title: 'UNDO WITHIN', value: (discard) => undoUntil(discard, nowMs) },
        { title: 'REASON', value: ({ reason }) => reason, max: 80 },
      ])
    if (discards.length === 0) output.say('Nothing was discarded. End letters on purpose with: redrive discard')
    else if (next !== null) output.say(output.paint('dim', `More: add --after ${next}`))
  })
}

export function discardShowCommand(id: string, options: GlobalOptions): Promise<void> {
  return withOffice(options, async (context) => {
    show(context, await context.client.get<DiscardDetail>(`/discards/${encodeURIComponent(id)}`))
  })
}

export function discardRunCommand(
  id: string,
  options: GlobalOptions & { readonly by?: string; readonly expect?: number },
): Promise<void> {
  return withOffice(options, async (context) => {
    const { by = defaultName(), expect } = options
    show(context, await context.client.post<DiscardDetail>(`/discards/${encodeURIComponent(id)}/run`, { by, expect }))
  })
}

export function discardUndoCommand(
  id: string,
  options: GlobalOptions & { readonly by?: string; readonly reason: string },
): Promise<void> {
  return withOffice(options, async (context) => {
    const { by = defaultName(), reason } = options
    show(context, await context.client.post<DiscardDetail>(`/discards/${encodeURIComponent(id)}/undo`, { by, reason }))
  })
}

function show({ output, nowMs }: Pick<Context, 'output' | 'nowMs'>, discard: DiscardDetail): void {
  if (output.json) return output.out(JSON.stringify(discard))
  const { id, letters, skipped, causes, oldestAt } = discard
  output.out(`${output.paint('bold', sentence(discard))}  ${id}`)
  if (skipped > 0) output.out(`${skipped} left alone (not open, held or uncertain, or not there)`)
  lines(output, discard)
  if (causes.length > 0)
    printTable(output, causes, [
      { title: 'LETTERS', value: (cause) => cause.letters, align: 'right' },
      { title: 'QUEUE', value: ({ queue }) => queue, max: 24 },
      { title: 'CAUSE', value: ({ cause }) => cause },
      { title: 'TITLE', value: ({ title }) => title, max: 80 },
    ])
  if (oldestAt !== null) output.out(`the oldest was captured ${ago(oldestAt, nowMs)} ago`)
  if (discard.state === 'planned' && letters > 0) output.say(`Do it: redrive discards run ${id} --expect ${letters}`)
  if (isUndoable(discard, nowMs))
    output.say(`Undo it within ${undoUntil(discard, nowMs)}: redrive discards undo ${id} --reason …`)
}

function lines(output: Output, { reason, createdBy, doneBy, undoneBy, undoneReason }: Discard): void {
  const told: readonly (readonly [string, string | null])[] = [
    ['why', reason],
    ['by', doneBy ?? createdBy],
    ['undone by', undoneBy],
    ['why undone', undoneReason],
  ]
  for (const [name, value] of told)
    if (value !== null) output.out(`${output.paint('dim', name.padEnd(12))}${safeLine(value)}`)
}

function sentence({ state, letters, reopened }: Discard): string {
  if (state === 'planned')
    return letters === 0 ? 'No letter would be discarded' : `${letters} would be discarded; none is yet`
  if (state === 'done') return `${letters} discarded`
  const left = letters - (reopened ?? 0)
  return `${reopened} of ${letters} are again what they were${left === 0 ? '' : `; ${left} stay discarded: their worker went on, or something was done to them since`}`
}

function isUndoable({ state, letters, undoableUntil }: Discard, nowMs: number): boolean {
  return state === 'done' && letters > 0 && undoableUntil !== null && Date.parse(undoableUntil) > nowMs
}

function undoUntil(discard: Discard, nowMs: number): string {
  if (!isUndoable(discard, nowMs)) return '–'
  return ago(new Date(nowMs).toISOString(), Date.parse(discard.undoableUntil ?? ''))
}
