import { createHmac } from 'node:crypto'
import type { Notice, Notifier } from '../alerts/index.ts'
import { post } from './post.ts'

export interface WebhookSettings {
  readonly url: string
  /** `whsec_` and base64. */
  readonly secret: string
}

/** The request that carries a notice, signed as Standard Webhooks says. @see https://github.com/standard-webhooks/standard-webhooks */
export function webhookRequest(
  { key, notice }: { readonly key: string; readonly notice: Notice },
  { secret, nowMs }: { readonly secret: string; readonly nowMs: number },
): { readonly body: string; readonly headers: Readonly<Record<string, string>> } {
  const body = JSON.stringify({
    type: notice.change === 'review' ? 'review' : `alert.${notice.change}`,
    timestamp: notice.at,
    data: notice,
  })
  const timestamp = String(Math.floor(nowMs / 1_000))
  const bytes = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = createHmac('sha256', bytes).update(`${key}.${timestamp}.${body}`).digest('base64')
  return {
    body,
    headers: { 'webhook-id': key, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` },
  }
}

export function webhookNotifier(name: string, settings: WebhookSettings & { readonly perMinute: number }): Notifier {
  const { url, secret, perMinute } = settings
  return {
    name,
    perMinute,
    deliver: (notification, signal) => post(url, webhookRequest(notification, { secret, nowMs: Date.now() }), signal),
  }
}
