import type { PoolClient } from 'pg'
import { storableJson } from '../../store/copy-binary.ts'
import { showAlertId } from '../../store/ids.ts'
import type { Notice } from '../notice.ts'

/**
 * What is to be said to one notifier though no alert speaks of it: a test, a review. In the caller's transaction.
 * @param key a new UUID: the name of the notification, and of its conversation
 */
export async function writeNotice(
  client: PoolClient,
  {
    key,
    notifier,
    notice,
  }: {
    readonly key: string
    readonly notifier: string
    readonly notice: Omit<Notice, 'alert' | 'urgency' | 'links' | 'raisedAt'>
  },
): Promise<void> {
  const whole: Notice = {
    alert: showAlertId(key),
    urgency: 'ticket',
    links: { acknowledge: null, runbook: null },
    raisedAt: notice.at,
    ...notice,
  }
  await client.query('insert into notification (key, notifier, change, notice) values ($1, $2, $3, $4)', [
    key,
    notifier,
    notice.change,
    storableJson(whole),
  ])
}
