import { type GlobalOptions, withOffice } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { printTable } from '../output.ts'

interface AlertReplay {
  readonly from: string
  readonly to: string
  readonly wentOn: number
  readonly messages: readonly {
    readonly at: string
    readonly toldAt: string
    readonly notifier: string
    readonly change: string
    readonly rule: string
    readonly urgency: string
    readonly title: string
  }[]
  readonly totals: readonly { readonly rule: string; readonly raised: number; readonly messages: number }[]
  readonly rules: readonly string[]
  readonly later: readonly { readonly rule: string; readonly from: string }[]
}

export function alertsReplayCommand(
  options: GlobalOptions & {
    readonly from: string
    readonly to?: string
    readonly rule?: string
    readonly queue?: string
  },
): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const { from, to, rule, queue } = options
    const replay = await client.get<AlertReplay>('/alerts/replay', { from, to, rule, queue })
    if (output.json) {
      output.out(JSON.stringify(replay))
      return exitCodes.ok
    }
    const { messages, totals, wentOn, rules, later } = replay
    if (messages.length > 0) {
      printTable(output, messages, [
        { title: 'TOLD', value: ({ toldAt }) => minuteOf(toldAt) },
        { title: 'WHOM', value: ({ notifier }) => notifier },
        { title: 'WHAT', value: ({ change }) => change },
        { title: 'URGENCY', value: ({ urgency }) => urgency },
        { title: 'RULE', value: (message) => message.rule },
        { title: 'TITLE', value: ({ title }) => title, max: 90 },
      ])
      printTable(output, totals, [
        { title: 'RULE', value: (total) => total.rule },
        { title: 'RAISED', value: ({ raised }) => raised, align: 'right' },
        { title: 'MESSAGES', value: (total) => total.messages, align: 'right' },
      ])
    }
    output.say(
      `${minuteOf(replay.from)} to ${minuteOf(replay.to)}: ${messages.length === 0 ? 'nobody would have been told of anything' : `${messages.length} messages`}. Nothing was sent.`,
    )
    if (wentOn > 0) output.say(`Alerts that went on when it began, and count as taken: ${wentOn}.`)
    for (const { rule, from } of later)
      output.say(`${rule} could be looked at from ${minuteOf(from)} on: what is older is kept by the hour.`)
    output.say(output.paint('dim', `Looked at: ${rules.join(', ')}. Of the others too little is written down.`))
    return exitCodes.ok
  })
}

/** `2026-12-01 09:00Z` */
function minuteOf(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')}Z`
}
