import { RedriveError } from '@redrive/worker'
import { type GlobalOptions, withOffice } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { ago, type Output, printTable } from '../output.ts'
import { safeLine } from '../safe-text.ts'
import { shareOf, type TrafficOfSpan } from '../traffic-words.ts'

interface Status {
  readonly version: string
  readonly startedAt: string
  readonly letters: Readonly<Record<string, number>>
  readonly causes: number
  readonly unaccounted: number
  readonly captures: readonly {
    readonly broker: string
    readonly place: string
    readonly role: string
    readonly state: string
    readonly reason: string | null
  }[]
}

interface QueueView {
  readonly name: string
  readonly broker: string
  readonly owner: string | null
  readonly letters: Readonly<Record<string, number>>
  readonly causes: number
  readonly oldestOpenAt: string | null
  readonly newestAt: string | null
  readonly traffic: TrafficOfSpan | null
}

interface Ledger {
  readonly unaccounted: number
  readonly sumsOff: number
  readonly captured: number
  readonly at: string
  readonly queues: readonly {
    readonly queue: string
    readonly captured: number
    readonly unaccounted: number
    readonly accounts: readonly { readonly account: string; readonly booked: number; readonly counted: number }[]
  }[]
  readonly sources: readonly {
    readonly broker: string
    readonly place: string
    readonly role: string
    readonly delivered: number
    readonly letters: number
    readonly duplicates: number
    readonly receipts: number
    readonly counted: number
  }[]
}

export function statusCommand(options: GlobalOptions & { readonly failOn?: string }): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const thresholds = thresholdsIn(options.failOn)
    const status = await client.get<Status>('/status')
    if (output.json) output.out(JSON.stringify(status))
    else showStatus(output, status, nowMs)
    const reached = thresholds.filter(({ name, limit }) => valueOf(status, name) > limit)
    for (const { name, limit } of reached)
      output.say(`reached: ${name} is ${valueOf(status, name)}, more than ${limit}`)
    return reached.length > 0 ? exitCodes.thresholdReached : exitCodes.ok
  })
}

export function queuesCommand(options: GlobalOptions): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const answer = await client.get<{ queues: readonly QueueView[] }>('/queues')
    if (output.json) return output.out(JSON.stringify(answer.queues))
    if (answer.queues.length === 0)
      return output.say('No queue has a dead letter yet. They appear here with their first one.')
    printTable(output, answer.queues, [
      { title: 'QUEUE', value: ({ name }) => name, max: 40 },
      { title: 'BROKER', value: ({ broker }) => broker },
      { title: 'OPEN', value: ({ letters }) => letters['open'] ?? 0, align: 'right' },
      { title: 'UNCERTAIN', value: ({ letters }) => letters['uncertain'] ?? 0, align: 'right' },
      { title: 'REPLAYED', value: ({ letters }) => letters['replayed'] ?? 0, align: 'right' },
      { title: 'DISCARDED', value: ({ letters }) => letters['discarded'] ?? 0, align: 'right' },
      { title: 'CAUSES', value: ({ causes }) => causes, align: 'right' },
      { title: 'OLDEST OPEN', value: ({ oldestOpenAt }) => ago(oldestOpenAt, nowMs) },
      { title: 'DIE (1 H)', value: ({ traffic }) => shareOf(traffic), align: 'right' },
      { title: 'OWNER', value: ({ owner }) => owner },
    ])
  })
}

export function ledgerCommand(options: GlobalOptions): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const ledger = await client.get<Ledger>('/ledger')
    if (output.json) output.out(JSON.stringify(ledger))
    else showLedger(output, ledger)
    return ledger.unaccounted === 0 ? exitCodes.ok : exitCodes.thresholdReached
  })
}

function showStatus(output: Output, status: Status, nowMs: number): void {
  const { letters } = status
  const states = Object.entries(letters)
    .filter(([state]) => state !== 'open')
    .map(([state, number]) => `${number} ${state}`)
  output.out(
    `${output.paint('bold', `${letters['open'] ?? 0} open`)} of ${status.causes} causes${states.length === 0 ? '' : ` · ${states.join(' · ')}`}`,
  )
  output.out(unaccountedLine(output, status.unaccounted))
  for (const capture of status.captures) {
    const what = capture.role === 'receipts' ? 'receipts' : 'letters'
    const state = capture.reason === null ? capture.state : `${capture.state}: ${capture.reason}`
    output.out(safeLine(`${what} from ${capture.place} on ${capture.broker}: ${state}`))
  }
  output.say(
    output.paint('dim', `redrive ${status.version}, up for ${ago(status.startedAt, nowMs)}. Next: redrive causes`),
  )
}

function showLedger(output: Output, ledger: Ledger): void {
  output.out(unaccountedLine(output, ledger.unaccounted))
  if (ledger.sumsOff > 0)
    output.out(output.paint('red', `The sums of the books are off by ${ledger.sumsOff}: see docs/operate/upkeep.md`))
  const rows = ledger.queues.flatMap(({ queue, captured, accounts }) =>
    accounts.map((account, index) => ({
      queue: index === 0 ? queue : '',
      captured: index === 0 ? captured : '',
      ...account,
    })),
  )
  printTable(output, rows, [
    { title: 'QUEUE', value: ({ queue }) => queue, max: 40 },
    { title: 'CAPTURED', value: ({ captured }) => captured, align: 'right' },
    { title: 'STATE', value: ({ account }) => account },
    { title: 'IN THE BOOKS', value: ({ booked }) => booked, align: 'right' },
    { title: 'COUNTED', value: ({ counted }) => counted, align: 'right' },
  ])
  printTable(output, ledger.sources, [
    { title: 'SOURCE', value: ({ broker, place }) => `${place} on ${broker}`, max: 60 },
    { title: 'DELIVERED', value: ({ delivered }) => delivered, align: 'right' },
    { title: 'LETTERS', value: ({ letters }) => letters, align: 'right' },
    { title: 'DUPLICATES', value: ({ duplicates }) => duplicates, align: 'right' },
    { title: 'RECEIPTS', value: ({ receipts }) => receipts, align: 'right' },
    { title: 'COUNTED', value: ({ counted }) => counted, align: 'right' },
  ])
}

function unaccountedLine(output: Output, unaccounted: number): string {
  return unaccounted === 0
    ? output.paint('green', 'unaccounted: 0')
    : output.paint('red', `unaccounted: ${unaccounted}  (the books do not balance)`)
}

interface Threshold {
  readonly name: string
  readonly limit: number
}

/** `open>100,unaccounted>0`. @throws OPTION_INVALID */
function thresholdsIn(text: string | undefined): readonly Threshold[] {
  if (text === undefined) return []
  return text.split(',').map((each) => {
    const match = /^([a-z]+)>(\d{1,12})$/.exec(each.trim())
    if (match?.[1] !== undefined && countable.includes(match[1])) return { name: match[1], limit: Number(match[2]) }
    throw new RedriveError('OPTION_INVALID', `"${each}" is no threshold.`, {
      hint: `Thresholds look like open>100 and are joined by commas; what is counted is one of ${countable.join(', ')}.`,
    })
  })
}

const countable = [
  'unaccounted',
  'causes',
  'open',
  'held',
  'replaying',
  'uncertain',
  'replayed',
  'discarded',
  'archived',
  'erased',
]

function valueOf(status: Status, name: string): number {
  if (name === 'unaccounted') return status.unaccounted
  return name === 'causes' ? status.causes : (status.letters[name] ?? 0)
}
