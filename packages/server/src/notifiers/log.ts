import type { Notice, Notifier } from '../alerts/index.ts'
import { visible } from './foreign-text.ts'

const shown = 600

/** A line of the office's own output. */
export function logNotifier(name: string, tell: (line: string) => void): Notifier {
  return {
    name,
    perMinute: 600,
    async deliver({ notice }) {
      tell(logLine(notice))
      return { kind: 'delivered' }
    },
  }
}

export function logLine({ alert, change, urgency, title, facts, next }: Notice): string {
  const why =
    change === 'resolved' || change === 'acknowledged' ? facts.slice(0, 1).map(({ value }) => ` (${value})`) : []
  const then = next === null || why.length > 0 ? '' : `. Next: ${next}`
  return visible(`ALERT ${change} (${urgency}) ${title}${why.join('')} ${alert}${then}`.slice(0, shown))
}
