import type { PoolClient } from 'pg'
import type { Condition } from '../alert.ts'
import { mostRefused } from '../delivery/outbox.ts'
import { alertRules } from '../rules.ts'
import { oneLine } from './one-line.ts'

/** A moment's trouble is tried again and nobody's business. */
const patienceMs = 120_000

/** Notifiers that have delivered nothing for a while, told by the others. */
export async function notifierConditions(client: PoolClient, nowMs: number): Promise<readonly Condition[]> {
  const { rows } = await client.query<{
    name: string
    down_since: Date
    problem: string | null
    refused: number
    waiting: number
  }>({
    name: 'notifiers-down',
    text: `select n.name, n.down_since, n.problem, n.refused,
             (select count(*)::int from (select from notification w where w.notifier = n.name and w.state = 'waiting' limit 1000) w) as waiting
             from notifier n where n.down_since < $1 order by n.name`,
    values: [new Date(nowMs - patienceMs)],
  })
  return rows
    .filter(({ waiting, refused }) => waiting > 0 || refused >= mostRefused)
    .map(({ name, down_since: since, problem, refused, waiting }) => ({
      rule: 'notifier-down',
      subject: `notifier/${name}`,
      queue: null,
      causeId: null,
      tier: null,
      owner: null,
      urgency: alertRules['notifier-down'].urgency,
      title: `NOTIFIER ${oneLine(name, 60)} delivers nothing: ${oneLine(problem ?? '', 100)}`,
      facts: [
        { name: 'since', value: since.toISOString() },
        { name: 'waiting', value: String(waiting) },
        ...(refused === 0 ? [] : [{ name: 'refused', value: String(refused) }]),
      ],
      next: `redrive alert test ${name}`,
      runbook: null,
      over: null,
      isEmpty: false,
      takenBy: null,
    }))
}
