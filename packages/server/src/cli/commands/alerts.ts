import { RedriveError } from '@redrive/worker'
import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { ago, type Output, printTable } from '../output.ts'
import { safeLine } from '../safe-text.ts'

interface AlertView {
  readonly id: string
  readonly rule: string
  readonly state: string
  readonly urgency: string
  readonly title: string
  readonly owner: string | null
  readonly facts: readonly { readonly name: string; readonly value: string }[]
  readonly next: string | null
  readonly runbook: string | null
  readonly raisedAt: string
  readonly acknowledgedAt: string | null
  readonly acknowledgedBy: string | null
  readonly resolvedAt: string | null
  readonly resolvedWhy: string | null
  readonly storm: string | null
  readonly told: readonly string[]
}

interface AlertDetail extends AlertView {
  readonly notifications: readonly {
    readonly notifier: string
    readonly change: string
    readonly state: string
    readonly at: string
    readonly tries: number
    readonly problem: string | null
  }[]
}

export function alertsCommand(
  options: GlobalOptions & {
    readonly all?: boolean
    readonly state?: string
    readonly queue?: string
    readonly rule?: string
    readonly limit: number
    readonly after?: string
    readonly jsonl?: boolean
    readonly requireMatch?: boolean
  },
): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const { alerts, next } = await client.get<{ alerts: readonly AlertView[]; next: string | null }>('/alerts', {
      state: options.state ?? (options.all === true ? 'all' : undefined),
      queue: options.queue,
      rule: options.rule,
      limit: options.limit,
      after: options.after,
    })
    if (options.jsonl) for (const alert of alerts) output.out(JSON.stringify(alert))
    else if (output.json) output.out(JSON.stringify(alerts))
    else if (alerts.length > 0)
      printTable(output, alerts, [
        { title: 'ALERT', value: ({ id }) => id },
        { title: 'RAISED', value: ({ raisedAt }) => ago(raisedAt, nowMs) },
        { title: 'STATE', value: ({ state }) => state },
        { title: 'URGENCY', value: ({ urgency }) => urgency },
        { title: 'RULE', value: ({ rule }) => rule },
        { title: 'OWNER', value: ({ owner }) => owner ?? '–', max: 24 },
        { title: 'TITLE', value: ({ title }) => title, max: 90 },
      ])
    if (alerts.length === 0)
      output.say('Nothing here: nobody has to see to anything. Those that are over: redrive alerts --all')
    else if (next !== null) output.say(output.paint('dim', `More: add --after ${next}`))
    return alerts.length === 0 && options.requireMatch === true ? exitCodes.nothingMatched : exitCodes.ok
  })
}

export function alertShowCommand(id: string, options: GlobalOptions): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    showAlert(output, await client.get<AlertDetail>(`/alerts/${encodeURIComponent(id)}`), nowMs)
  })
}

export function alertAckCommand(
  id: string,
  options: GlobalOptions & { readonly by?: string; readonly note?: string },
): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const { by = defaultName(), note } = options
    showAlert(
      output,
      await client.post<AlertDetail>(`/alerts/${encodeURIComponent(id)}/acknowledge`, { by, note }),
      nowMs,
    )
  })
}

const testPatienceMs = 15_000
const testEveryMs = 250

export function alertTestCommand(
  notifier: string | undefined,
  options: GlobalOptions & {
    readonly rule?: string
    readonly queue?: string
    readonly tier?: string
    readonly owner?: string
    readonly by?: string
  },
): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const { by = defaultName(), rule, queue, tier, owner } = options
    if (notifier !== undefined && (rule ?? queue ?? tier ?? owner) !== undefined)
      throw new RedriveError('OPTION_INVALID', 'A test is of a notifier, or of what an alert would be.', {
        hint: 'Give a notifier, or --rule, --queue, --tier and --owner.',
      })
    const { tests } = await client.post<{ tests: readonly { notifier: string; key: string }[] }>('/alerts/test', {
      by,
      notifier,
      rule,
      queue,
      tier,
      owner,
    })
    const endMs = performance.now() + testPatienceMs
    const results: { notifier: string; state: string; problem: string | null }[] = []
    for (const test of tests) {
      for (;;) {
        const result = await client.get<{ state: string; problem: string | null }>(`/alerts/test/${test.key}`)
        if (result.state === 'waiting' && result.problem === null && performance.now() < endMs) {
          await new Promise((resolve) => setTimeout(resolve, testEveryMs))
          continue
        }
        results.push({ notifier: test.notifier, ...result })
        break
      }
    }
    if (output.json) output.out(JSON.stringify(results))
    else
      for (const { notifier: name, state, problem } of results)
        output.out(
          `${name}: ${output.paint(state === 'delivered' ? 'green' : 'red', state)}${problem === null ? '' : `, ${safeLine(problem)}`}`,
        )
    if (tests.length === 0) output.say('Nobody would be told of it: its route has nobody to notify.')
    return results.every(({ state }) => state === 'delivered') ? exitCodes.ok : exitCodes.thresholdReached
  })
}

function showAlert(output: Output, alert: AlertDetail, nowMs: number): void {
  if (output.json) return output.out(JSON.stringify(alert))
  const { state, acknowledgedBy, resolvedWhy, facts, notifications } = alert
  output.out(output.paint('bold', safeLine(alert.title)))
  const how = { acknowledged: ` by ${acknowledgedBy ?? ''}`, resolved: `: ${resolvedWhy ?? ''}` }[state] ?? ''
  const lines: readonly (readonly [string, string | null])[] = [
    ['alert', `${alert.id}, ${alert.rule}, ${alert.urgency}`],
    ['state', `${state}${how}, raised ${ago(alert.raisedAt, nowMs)} ago`],
    ['owner', alert.owner],
    ['storm', alert.storm],
    ['runbook', alert.runbook],
    ...facts.map(({ name, value }) => [name, value] as const),
  ]
  for (const [name, value] of lines)
    if (value !== null) output.out(`${output.paint('dim', safeLine(name).padEnd(16))}${safeLine(value)}`)
  if (notifications.length > 0)
    printTable(output, notifications, [
      { title: 'TOLD', value: ({ notifier }) => notifier },
      { title: 'WHAT', value: ({ change }) => change },
      { title: 'AGO', value: ({ at }) => ago(at, nowMs) },
      { title: 'HOW', value: ({ state: of }) => of },
      { title: 'PROBLEM', value: ({ problem }) => problem ?? '', max: 80 },
    ])
  if (state === 'raised') output.say(`Take it: redrive alert ack ${alert.id}`)
  if (alert.next !== null && state !== 'resolved') output.say(`Next: ${safeLine(alert.next)}`)
}
