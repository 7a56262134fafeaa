import { randomUUID } from 'node:crypto'
import { RedriveError } from '@redrive/worker'
import { recordAudit } from '../../audit/index.ts'
import type { AlertsConfig } from '../../config/index.ts'
import type { Store } from '../../store/store.ts'
import type { About } from '../alert.ts'
import { routeOf } from '../policy/index.ts'
import { alertRules } from '../rules.ts'
import { writeNotice } from './write-notice.ts'

/** Whom a test goes to: one notifier, or all that would be told of such an alert. */
export type TestOf = { readonly notifier: string } | Pick<About, 'rule' | 'queue' | 'tier' | 'owner'>

/**
 * Has a test said to a notifier, or to everybody who would be told of an alert.
 * @returns the names, with the key of each notification; none, where such an alert is told to nobody
 * @throws NOT_FOUND for a notifier that is not configured
 */
export async function testNotifiers(
  store: Store,
  of: TestOf,
  office: { readonly config: AlertsConfig; readonly notifiers: readonly string[]; readonly by: string },
): Promise<readonly { readonly notifier: string; readonly key: string }[]> {
  const { config, notifiers, by } = office
  if ('notifier' in of && !notifiers.includes(of.notifier))
    throw new RedriveError('NOT_FOUND', `there is no notifier ${of.notifier}`, {
      hint: `Configured are: ${notifiers.join(', ')}`,
    })
  const names =
    'notifier' in of ? [of.notifier] : routeOf(aboutOf(of), config.routes).recipients.map(({ notifier }) => notifier)
  const now = new Date().toISOString()
  const tested = names.map((notifier) => ({ notifier, key: randomUUID() }))
  await store.transaction(async (client) => {
    for (const { notifier, key } of tested) {
      const notice = {
        change: 'test',
        rule: 'test',
        queue: 'notifier' in of ? null : of.queue,
        owner: 'notifier' in of ? null : of.owner,
        title: `TEST by ${by.slice(0, 100)}: nothing has happened`,
        facts: [{ name: 'notifier', value: notifier }],
        next: 'redrive alerts',
        at: now,
      } as const
      await writeNotice(client, { key, notifier, notice })
    }
    await recordAudit(client, { actor: by, action: 'alert.test', target: names.join(', '), reason: null })
  })
  return tested
}

/** What became of it, for whoever waits. @throws NOT_FOUND */
export async function testResult(
  store: Store,
  key: string,
): Promise<{ readonly state: string; readonly problem: string | null }> {
  const { rows } = await store.pool.query<{ state: string; problem: string | null }>(
    `select state, problem from notification where key = $1 and change = 'test'`,
    [key],
  )
  if (rows[0] === undefined) throw new RedriveError('NOT_FOUND', `there is no test ${key}`)
  return rows[0]
}

function aboutOf(of: Pick<About, 'rule' | 'queue' | 'tier' | 'owner'>): About {
  const nothing = { subject: '', causeId: null, title: '', facts: [], next: null, runbook: null } as const
  return { ...nothing, ...of, urgency: alertRules[of.rule].urgency }
}
