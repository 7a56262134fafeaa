import { type Tier, tiers } from '@redrive/worker'
import {
  documentCommand,
  listQueues,
  missingFields,
  nothingSaid,
  openByTier,
  type QueueView,
  type SaidOfQueue,
  saidOf,
} from '../queues/index.ts'
import type { Store } from '../store/store.ts'
import { counted, type Finding, type FindingCode } from './finding.ts'

/** Queues that nobody is known to look after. @returns with the number of queues that were looked at */
export async function queueFindings(
  store: Store,
): Promise<{ readonly findings: readonly Finding[]; readonly queues: readonly QueueView[] }> {
  const [queues, open] = await Promise.all([listQueues(store), openByTier(store)])
  const said = await saidOf(
    store.pool,
    queues.map(({ name }) => name),
  )
  const openOf = Map.groupBy(open, ({ queue }) => queue)
  return {
    queues,
    findings: queues.flatMap((queue) => {
      const own = said.get(queue.name) ?? nothingSaid
      const byTier = Object.fromEntries(
        (openOf.get(queue.name) ?? []).map(({ tier, open: letters }) => [tier, letters]),
      )
      return [...documentFindings(queue, own), ...tierFindings(queue.name, { said: own, open: byTier })]
    }),
  }
}

function documentFindings({ name, letters }: QueueView, said: SaidOfQueue): readonly Finding[] {
  const missing = missingFields(said, {})
  if (missing.length === 0) return []
  const waiting = ['open', 'held', 'uncertain'].reduce((sum, state) => sum + (letters[state] ?? 0), 0)
  const why =
    waiting === 0
      ? 'nothing waits in it now'
      : `${counted(waiting, 'letter')} ${waiting === 1 ? 'waits' : 'wait'} in it`
  const finding = (code: FindingCode, of: Pick<Finding, 'what'> & { readonly fields: readonly string[] }): Finding => ({
    code,
    severity: waiting > 0 && code !== 'queue-documented-in-part' ? 'warning' : 'advice',
    queue: name,
    what: of.what,
    why,
    next: documentCommand(name, of.fields) ?? '',
  })
  if (Object.values(said.document).every((each) => each === null))
    return [
      finding('queue-undocumented', { what: `nothing is said of it; missing: ${missing.join(', ')}`, fields: missing }),
    ]
  const others = missing.filter((field) => field !== 'owner' && field !== 'runbook')
  return [
    ...(missing.includes('owner')
      ? [finding('queue-without-owner', { what: 'it has no owner', fields: ['owner'] })]
      : []),
    ...(missing.includes('runbook')
      ? [finding('queue-without-runbook', { what: 'it has no runbook', fields: ['runbook'] })]
      : []),
    ...(others.length > 0
      ? [finding('queue-documented-in-part', { what: `missing: ${others.join(', ')}`, fields: others })]
      : []),
  ]
}

function tierFindings(
  queue: string,
  { said, open }: { readonly said: SaidOfQueue; readonly open: Readonly<Partial<Record<Tier, number>>> },
): readonly Finding[] {
  return tiers
    .filter((tier) => (open[tier] ?? 0) > 0 && said.tiers[tier].process === null)
    .map((tier) => ({
      code: 'tier-without-process',
      severity: 'warning',
      queue,
      what: `nobody says what to do with ${tier} letters`,
      why: `${counted(open[tier] ?? 0, 'letter')} of it ${open[tier] === 1 ? 'is' : 'are'} open`,
      next: documentCommand(queue, [`tiers.${tier}.process`]) ?? '',
    }))
}
