import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { ago, printTable } from '../output.ts'
import { type SelectionOptions, selectionOf } from '../selection.ts'

interface UncertainLetter {
  readonly id: string
  readonly queue: string
  readonly policy: string
  readonly send: {
    readonly run: string
    readonly broker: string
    readonly place: string
    readonly intendedAt: string
    readonly why: string | null
    readonly looked: string | null
    readonly nextLookAt: string | null
  } | null
}

interface UncertainPage {
  readonly letters: readonly UncertainLetter[]
  readonly total: number
  readonly next: string | null
}

export function uncertainListCommand(
  options: GlobalOptions & { readonly queue?: string; readonly limit: number; readonly after?: string },
): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const { queue, limit, after } = options
    const page = await client.get<UncertainPage>('/uncertain', { queue, limit, after })
    if (output.json) return output.out(JSON.stringify(page))
    if (page.letters.length === 0) return output.say('No letter is uncertain.')
    printTable(output, page.letters, [
      { title: 'LETTER', value: ({ id }) => id },
      { title: 'QUEUE', value: ({ queue: name }) => name, max: 24 },
      { title: 'SENT TO', value: ({ send }) => send?.place ?? null, max: 32 },
      { title: 'AGE', value: ({ send }) => ago(send?.intendedAt ?? null, nowMs), align: 'right' },
      { title: 'RUN', value: ({ send }) => send?.run ?? null },
      { title: 'WHY', value: ({ send }) => send?.why ?? 'the database does not know of its send', max: 48 },
      { title: 'LOOKED FOR', value: lookedFor, max: 60 },
      { title: 'POLICY', value: ({ policy }) => policy },
    ])
    output.say(`${page.total} uncertain. What they are and what to do: redrive uncertain resolve --help`)
    if (page.next !== null) output.say(output.paint('dim', `More: add --after ${page.next}`))
  })
}

function lookedFor({ send }: UncertainLetter): string | null {
  if (send === null) return null
  const again = send.nextLookAt === null ? 'nothing more can be found out' : 'it is looked for again'
  return send.looked === null ? again : `${send.looked}; ${again}`
}

export function uncertainResolveCommand(
  query: readonly string[],
  options: GlobalOptions &
    SelectionOptions & {
      readonly as: 'sent' | 'not-sent' | 'resend'
      readonly expect: number
      readonly reason: string
      readonly by?: string
    },
): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const done = await client.post<{ decided: number; skipped: number }>('/uncertain/decisions', {
      selection: await selectionOf(query, options),
      decision: options.as,
      expect: options.expect,
      by: options.by ?? defaultName(),
      reason: options.reason,
    })
    if (output.json) output.out(JSON.stringify(done))
    else
      output.out(
        `${done.decided} ${told[options.as]}${done.skipped === 0 ? '' : `, ${done.skipped} left alone (not uncertain)`}`,
      )
    return exitCodes.ok
  })
}

const told = {
  sent: 'are replayed',
  'not-sent': 'are open again',
  resend: 'are open again; their next replays are marked as possible duplicates',
} as const
