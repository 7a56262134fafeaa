import { type GlobalOptions, withOffice } from '../context.ts'
import { printTable } from '../output.ts'
import type { Comparison, Run } from './replay-views.ts'

export function compareCommand(before: string, after: string, options: GlobalOptions): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const comparison = await client.get<Comparison>(
      `/runs/${encodeURIComponent(before)}/compare/${encodeURIComponent(after)}`,
    )
    if (output.json) {
      output.out(JSON.stringify(comparison))
      return
    }
    const told: readonly (readonly [string, (run: Run) => number | string | null])[] = [
      ['state', (run) => run.state],
      ['canary', (run) => run.verdict],
      ['planned', (run) => run.planned],
      ['sent', (run) => run.sends.sent],
      ['not sent', (run) => run.sends.notSent],
      ['uncertain', (run) => run.sends.uncertain],
      ...(['confirmed', 'returned', 'presumed', 'unknown', 'pending'] as const).map(
        (outcome) => [outcome, (run: Run) => run.outcomes[outcome]] as const,
      ),
    ]
    printTable(output, told, [
      { title: '', value: ([name]) => name },
      { title: comparison.before.id, value: ([, value]) => value(comparison.before), align: 'right' },
      { title: comparison.after.id, value: ([, value]) => value(comparison.after), align: 'right' },
    ])
    if (comparison.both === 0) {
      output.say('No letter is in both runs, nor what became of one.')
      return
    }
    output.say(`\n${comparison.both} letters were in both, as themselves or as what they became:`)
    printTable(output, comparison.changes, [
      { title: 'LETTERS', value: ({ letters }) => letters, align: 'right' },
      { title: 'BEFORE', value: ({ before: was }) => words[was] ?? was },
      { title: 'AFTER', value: ({ after: now }) => words[now] ?? now },
    ])
  })
}

const words: Readonly<Record<string, string>> = { notSent: 'not sent', waiting: 'not taken up', pending: 'waiting' }
