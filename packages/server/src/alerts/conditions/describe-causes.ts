import { type Tier, tiers } from '@redrive/worker'
import type { Pool, PoolClient } from 'pg'
import { nothingSaid, saidOf } from '../../queues/index.ts'
import { showCauseId } from '../../store/ids.ts'
import { firstUuidAt } from '../../store/uuid.ts'
import type { About } from '../alert.ts'
import type { Fact } from '../notice.ts'
import { type AlertRule, alertRules } from '../rules.ts'
import { mostOfTitle, oneLine } from './one-line.ts'

interface Row {
  readonly id: string
  readonly queue: string
  readonly consumer: string | null
  readonly tier: Tier
  readonly title: string
  readonly owner: string | null
  readonly letters: string
  readonly waiting: string
  readonly recent: number
  readonly first_seen: Date
  readonly releases: readonly { readonly value: string | null; readonly letters: number }[] | null
}

const recentMs = 600_000
const mostRecent = 1_000
const headings: Readonly<Partial<Record<AlertRule, string>>> = {
  'first-failure': 'NEW',
  regressed: 'REGRESSED',
  woken: 'WOKEN',
  'back-again': 'BACK',
}

/** What is said of causes, as they are now, by id. */
export async function describeCauses(
  client: Pool | PoolClient,
  causes: readonly { readonly id: string; readonly rule: AlertRule }[],
  nowMs: number,
): Promise<ReadonlyMap<string, Omit<About, 'subject'>>> {
  if (causes.length === 0) return new Map()
  const { rows } = await client.query<Row>({
    name: 'describe-causes',
    text: `
      select c.id, q.name as queue, c.consumer, c.tier::text, c.title, c.owner, c.letters, c.first_seen,
             c.letters + coalesce((select sum(m.letters) from cause_change m where m.cause_id = c.id and m.state = 'open'), 0) as waiting,
             (select count(*)::int from (select from letter l where l.cause_id = c.id
               and l.id >= $3 order by l.id desc limit $2) r) as recent,
             (select jsonb_agg(jsonb_build_object('value', f.value, 'letters', f.letters))
                from (select value, letters from cause_facet where cause_id = c.id and facet = 'release' order by letters desc limit 2) f) as releases
        from cause c join queue q on q.id = c.queue_id where c.id = any($1::bigint[])`,
    values: [causes.map(({ id }) => id), mostRecent, firstUuidAt(nowMs - recentMs)],
  })
  const said = await saidOf(client, [...new Set(rows.map(({ queue }) => queue))])
  const rules = new Map(causes.map(({ id, rule }) => [id, rule]))
  return new Map(
    rows.map((row) => {
      const rule = rules.get(row.id) ?? 'first-failure'
      const { document, tiers: ofTiers } = said.get(row.queue) ?? nothingSaid
      const ofTier = ofTiers[row.tier]
      const urgency = ofTier.urgency?.value
      const about: Omit<About, 'subject'> = {
        rule,
        queue: row.queue,
        causeId: row.id,
        tier: tiers.find((tier) => tier === row.tier) ?? null,
        owner: row.owner ?? ofTier.owner?.value ?? null,
        urgency:
          urgency === 'page' || urgency === 'ticket' || urgency === 'review' ? urgency : alertRules[rule].urgency,
        title: titleOf(row, rule),
        facts: factsOf(row, ofTier.process?.value ?? null),
        next: `redrive cause show ${showCauseId(row.id)}`,
        runbook: document['runbook']?.value ?? null,
      }
      return [row.id, about]
    }),
  )
}

function titleOf({ queue, letters, title }: Row, rule: AlertRule): string {
  const count = Number(letters)
  const head = `${headings[rule] ?? rule} ${oneLine(queue, 60)}: ${count.toLocaleString('en-US')} letter${count === 1 ? '' : 's'}, `
  return head + oneLine(title, mostOfTitle - head.length)
}

function factsOf(row: Row, process: string | null): readonly Fact[] {
  const { letters, waiting, recent, releases, tier, consumer } = row
  const total = Number(letters)
  const shares = (releases ?? []).map(
    ({ value, letters: of }) => `${value === null ? 'others' : oneLine(value, 60)} ${Math.round((100 * of) / total)} %`,
  )
  return [
    {
      name: 'letters',
      value: `${total.toLocaleString('en-US')}, of which ${Number(waiting).toLocaleString('en-US')} are open`,
    },
    { name: 'last 10 minutes', value: recent === mostRecent ? `${mostRecent} or more` : String(recent) },
    { name: 'first died', value: row.first_seen.toISOString() },
    { name: 'tier', value: tier },
    ...(consumer === null ? [] : [{ name: 'consumer', value: oneLine(consumer, 100) }]),
    ...(shares.length === 0 ? [] : [{ name: 'release', value: shares.join(', ') }]),
    ...(process === null ? [] : [{ name: 'what to do', value: oneLine(process, 300) }]),
  ]
}
