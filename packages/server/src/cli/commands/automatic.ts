import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { ahead, type Output, printTable } from '../output.ts'

interface Policy {
  readonly queue: string
  readonly tier: string
  readonly when: 'by-hand' | 'healthy' | 'fixed'
  readonly state: 'by-hand' | 'waiting' | 'running' | 'backing-off' | 'stopped'
  readonly why: string
  readonly nextAt: string | null
  readonly sentInHour: number
  readonly perHour: number
  readonly failures: number
  readonly stopAfter: number
}

interface Automatic {
  readonly tiers: readonly { readonly tier: string; readonly when: string }[]
  readonly policies: readonly Policy[]
}

export function automaticCommand(options: GlobalOptions): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const automatic = await client.get<Automatic>('/automatic-replays')
    if (output.json) return output.out(JSON.stringify(automatic))
    show(output, automatic, nowMs)
  })
}

export function automaticChangeCommand(
  what: 'stop' | 'resume',
  queue: string,
  options: GlobalOptions & { readonly tier: string; readonly reason: string; readonly by?: string },
): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const { tier, reason, by = defaultName() } = options
    const automatic = await client.post<Automatic>(`/automatic-replays/${what}`, { queue, tier, reason, by })
    if (output.json) return output.out(JSON.stringify(automatic))
    show(
      output,
      { ...automatic, policies: automatic.policies.filter((each) => each.queue === queue && each.tier === tier) },
      nowMs,
    )
  })
}

function show(output: Output, { tiers, policies }: Automatic, nowMs: number): void {
  if (policies.length === 0 && tiers.length > 0) {
    const said = tiers.map(({ tier, when }) => `${tier} (${when})`).join(', ')
    output.out(`Letters of all queues are sent again without a person: ${said}. None is open.`)
    return
  }
  if (policies.length === 0) {
    output.out('No letter is sent without a person. A queue and tier that may be sent again say so in redrive.yaml:')
    output.out('  redrive help automatic')
    return
  }
  printTable(output, policies, [
    { title: 'QUEUE', value: ({ queue }) => queue, max: 40 },
    { title: 'TIER', value: ({ tier }) => tier },
    { title: 'WHEN', value: ({ when }) => words(when) },
    { title: 'STATE', value: ({ state }) => words(state) },
    { title: 'NEXT', value: ({ nextAt }) => ahead(nextAt, nowMs), align: 'right' },
    { title: 'LAST HOUR', value: ({ sentInHour, perHour }) => `${sentInHour} of ${perHour}`, align: 'right' },
    { title: 'FAILED', value: ({ failures, stopAfter }) => `${failures} of ${stopAfter}`, align: 'right' },
    { title: 'WHY', value: ({ why }) => why, max: 160 },
  ])
  const stopped = policies.find(({ state }) => state === 'stopped')
  if (stopped !== undefined)
    output.say(`To begin anew: redrive automatic resume QUEUE --tier ${stopped.tier} --reason …`)
}

function words(word: string): string {
  return word.replaceAll('-', ' ')
}
