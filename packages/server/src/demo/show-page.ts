import { systemClock } from '@redrive/worker'
import type { Narrator } from './narrator.ts'
import type { AlertRow } from './office-api.ts'
import type { Scenario } from './scenario.ts'

const everyMs = 250

/** The first page of this demo, as whoever is on call gets it: on a fresh office the first failure of a new kind. Resolves when it came, or with the signal. */
export async function showFirstPage(
  { api }: Pick<Scenario, 'api'>,
  options: {
    readonly narrator: Narrator
    readonly command: string
    /** RFC 3339: what was said before is known. */
    readonly since: string
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { narrator, command, since, signal } = options
  try {
    while (!signal.aborted) {
      const said = (await api.alerts()).filter(
        ({ urgency, rule, saidAt }) => urgency === 'page' && rule !== 'storm' && saidAt !== null && saidAt >= since,
      )
      const [first] = said.toSorted((a, b) => (a.saidAt ?? '').localeCompare(b.saidAt ?? ''))
      if (first !== undefined) return show(first, { narrator, command })
      await systemClock.sleep(everyMs, signal)
    }
  } catch (error) {
    narrator.say(`the first page is not shown: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function show(
  { id, rule, urgency, title, queue, owner, facts, next, runbook }: AlertRow,
  { narrator, command }: { readonly narrator: Narrator; readonly command: string },
): void {
  const whose = [
    rule,
    ...(queue === null ? [] : [`queue ${queue}`]),
    owner === null ? 'nobody owns it' : `owner ${owner}`,
  ]
  narrator.say('the first page, as it reaches whoever is on call (by PagerDuty, Slack, e-mail: redrive.yaml says):')
  narrator.block([
    `[${urgency}] ${title}`,
    ...facts.map(({ name, value }) => `${name}: ${value}`),
    ...(next === null ? [] : [`Next: ${narrator.typed(next)}`]),
    `Take it: ${command} alert ack ${id}`,
    ...(runbook === null ? [] : [`Runbook: ${runbook}`]),
    whose.join(' · '),
  ])
}
