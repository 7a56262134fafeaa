import { ago } from './output.ts'

export interface TrafficOfSpan {
  readonly handled: number
  readonly died: number
  /** From 0 to 1. */
  readonly deathShare: number | null
}

export interface TrafficOfQueue {
  readonly lastReportAt: string | null
  readonly hour: TrafficOfSpan | null
  readonly day: TrafficOfSpan | null
  readonly consumers: readonly { readonly consumer: string; readonly lastReportAt: string }[]
}

const number = (value: number): string => value.toLocaleString('en-US')

/** `3.2 %`; what is less than a tenth of it is not called none. */
export function percent(share: number): string {
  if (share > 0 && share < 0.001) return '< 0.1 %'
  return `${(share * 100).toFixed(share > 0 && share < 1 ? 1 : 0)} %`
}

/** For a table: the share that died within the hour; `–`: nobody knows. */
export function shareOf(traffic: TrafficOfSpan | null): string | null {
  if (traffic === null) return null
  return traffic.deathShare === null ? 'no traffic' : percent(traffic.deathShare)
}

/** What workers say of a queue, in lines. That none says anything is no good news. */
export function trafficLines({ lastReportAt, hour, day, consumers }: TrafficOfQueue, nowMs: number): readonly string[] {
  if (lastReportAt === null) return ['no worker reports its traffic, so that which share dies is not known']
  if (hour === null)
    return [
      `no worker has reported its traffic for ${ago(lastReportAt, nowMs)}, so that which share dies is not known`,
      ...(day === null ? [] : [spanLine('last day', day)]),
    ]
  const names = consumers.slice(0, 5).map(({ consumer, lastReportAt: at }) => `${consumer} ${ago(at, nowMs)} ago`)
  const more = consumers.length > 5 ? ` and ${consumers.length - 5} more` : ''
  return [
    spanLine('last hour', hour),
    ...(day === null ? [] : [spanLine('last day', day)]),
    `as reported by ${names.join(', ')}${more}`,
  ]
}

function spanLine(name: string, { handled, died, deathShare }: TrafficOfSpan): string {
  if (deathShare === null) return `${name}: nothing was handled, nothing died`
  return `${name}: ${number(handled)} handled, ${number(died)} died: ${percent(deathShare)}`
}
