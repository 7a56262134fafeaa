import type { Notifier } from '../alerts/index.ts'
import { logNotifier as logName, type NotifierConfig } from '../config/index.ts'
import { alertmanagerNotifier } from './alertmanager.ts'
import { emailNotifier } from './email.ts'
import { logNotifier } from './log.ts'
import { pagerDutyNotifier } from './pagerduty.ts'
import { slackNotifier } from './slack.ts'
import { webhookNotifier } from './webhook.ts'

/** Those that are configured, and the log, which is always there. */
export function openNotifiers(
  configured: Readonly<Record<string, NotifierConfig>>,
  { tell }: { readonly tell: (line: string) => void },
): ReadonlyMap<string, Notifier> {
  const opened = Object.entries(configured).map(([name, config]): [string, Notifier] => [
    name,
    notifierOf(name, config),
  ])
  return new Map([[logName, logNotifier(logName, tell)], ...opened])
}

function notifierOf(name: string, config: NotifierConfig): Notifier {
  switch (config.type) {
    case 'webhook':
      return webhookNotifier(name, config)
    case 'slack':
      return slackNotifier(name, config)
    case 'pagerduty':
      return pagerDutyNotifier(name, config)
    case 'email':
      return emailNotifier(name, config)
    case 'alertmanager':
      return alertmanagerNotifier(name, config)
  }
}
