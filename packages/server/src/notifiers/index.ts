import type { Notifier } from '../alerts/index.ts'
import { logNotifier as logName, type NotifierConfig } from '../config/index.ts'
import { logNotifier } from './log.ts'
import { webhookNotifier } from './webhook.ts'

/** Those that are configured, and the log, which is always there. */
export function openNotifiers(
  configured: Readonly<Record<string, NotifierConfig>>,
  { tell }: { readonly tell: (line: string) => void },
): ReadonlyMap<string, Notifier> {
  const opened = Object.entries(configured).map(([name, config]): [string, Notifier] => [
    name,
    webhookNotifier(name, config),
  ])
  return new Map([[logName, logNotifier(logName, tell)], ...opened])
}
