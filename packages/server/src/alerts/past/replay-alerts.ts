import { randomUUID } from 'node:crypto'
import { setImmediate as breathe } from 'node:timers/promises'
import { RedriveError } from '@redrive/worker'
import type { AlertsConfig } from '../../config/index.ts'
import { showCauseId } from '../../store/ids.ts'
import type { Store } from '../../store/store.ts'
import { type Addressed, address } from '../address.ts'
import type { Alert, Condition } from '../alert.ts'
import { queueConditions } from '../conditions/queue-conditions.ts'
import { acknowledged, type Conversed, converse } from '../conversation/index.ts'
import { deathRatesOf } from '../death-rate/death-rate-conditions.ts'
import { countedMs, growthOf, newsByQueue } from '../growth/growth-conditions.ts'
import { readLimits } from '../policy/index.ts'
import { type AlertRule, causeRules } from '../rules.ts'
import { causePictures } from './cause-pictures.ts'
import { hourPictures } from './hour-pictures.ts'
import { queuePictures } from './queue-pictures.ts'
import { readPast } from './read-past.ts'
import { minuteMs } from './span.ts'
import { type Saying, told } from './told.ts'
import { trafficPictures } from './traffic-pictures.ts'

/** What is written down well enough to be looked at again. A storm is of those. */
export const replayedRules = [
  ...causeRules,
  'storm',
  'depth',
  'age',
  'growth',
  'death-rate',
] as const satisfies readonly AlertRule[]

const mostDays = 31
const mostMessages = 5_000
const saidAgoMs = 600_000
/** Others are served in between. */
const sliceMs = 20

export interface AlertReplay {
  /** Whole minutes, both. */
  readonly from: string
  readonly to: string
  /** Alerts that were going on when it began; nothing is said of them. */
  readonly wentOn: number
  readonly messages: readonly (Omit<Saying, 'atMs' | 'toldMs' | 'alert'> & {
    readonly at: string
    /** Later than `at` where somebody was left in peace. */
    readonly toldAt: string
  })[]
  readonly totals: readonly { readonly rule: AlertRule; readonly raised: number; readonly messages: number }[]
  readonly rules: readonly AlertRule[]
  /** Of those, what could be looked at only from a later time on. */
  readonly later: readonly { readonly rule: AlertRule; readonly from: string }[]
}

/**
 * What the rules would have said of a time that is past, with the limits and routes of today: minute by minute, from what is written down. Writes
 * nothing and tells nobody. What goes on when it begins counts as told and taken.
 * @throws REQUEST_INVALID for a time that is none or too long, or of which there is too much
 */
export async function replayAlerts(
  store: Store,
  request: {
    readonly fromMs: number
    readonly toMs: number
    readonly nowMs: number
    readonly rule?: AlertRule
    readonly queue?: string
    readonly config: AlertsConfig
  },
): Promise<AlertReplay> {
  const { config, rule, queue } = request
  const time = wholeMinutes(request)
  const past = await store.transaction((client) => readPast(client, time), {
    isolation: 'repeatable read',
    readOnly: true,
  })
  const first = time.fromMs / minuteMs
  const pictures = {
    causes: causePictures(past, first),
    queues: queuePictures(past, first),
    traffic: trafficPictures(past, first),
    hours: hourPictures(past.hours),
  }
  const queues = new Map(past.queues.map((each) => [each.id, each]))
  const limits = await readLimits(store.pool, config.limits)
  const { routes } = config
  const looked = new Set<AlertRule>(replayedRules)
  let known: readonly Alert[] = []
  const endedMs = new Map<string, number>()
  const look = (minute: number): readonly Condition[] => {
    const nowMs = (minute + 1) * minuteMs
    const open = known.filter(({ state }) => state !== 'resolved')
    pictures.causes.pass(minute)
    pictures.queues.pass(minute)
    pictures.traffic.pass(minute)
    const subjects = new Set(open.map(({ subject }) => subject))
    const found = pictures.causes.conditions(open, nowMs)
    const told = new Set([
      ...[...open, ...found].flatMap(({ causeId }) => (causeId === null ? [] : [causeId])),
      ...[...endedMs].flatMap(([causeId, ms]) => (ms >= nowMs - countedMs ? [causeId] : [])),
    ])
    const growth = newsByQueue(pictures.traffic.counted, { told, nowMs }).flatMap(({ queueId, minutes }) => {
      const of = queues.get(queueId)
      const hours = pictures.hours.before(queueId, { told, nowMs })
      return of === undefined ? [] : (growthOf(of, { minutes, hours, limits }) ?? [])
    })
    return [
      ...found,
      ...queueConditions(pictures.queues.queues(), { limits, known: subjects, nowMs }),
      ...growth,
      ...deathRatesOf(pictures.traffic, { known: open, found, limits, nowMs }),
    ]
  }
  const say = (conversed: Conversed, nowMs: number): readonly Saying[] => {
    const { alerts, addressed } = address(conversed, { routes, nowMs, linkOf: () => null })
    const byId = new Map([...known, ...alerts].map((alert) => [alert.id, alert]))
    for (const { causeId, state, saidAtMs } of alerts)
      if (causeId !== null && state === 'resolved' && saidAtMs !== null) endedMs.set(causeId, saidAtMs)
    known = [...byId.values()].filter(
      ({ state, saidAtMs }) => state !== 'resolved' || (saidAtMs !== null && saidAtMs >= nowMs - saidAgoMs),
    )
    return addressed.map((one) => sayingOf(one, { causeId: byId.get(one.alert)?.causeId ?? null, nowMs }))
  }
  const takenIn = Map.groupBy(past.taken, ({ minute }) => minute)
  const goOn = (minute: number, conditions: readonly Condition[]): readonly Saying[] => {
    const nowMs = (minute + 1) * minuteMs
    const sayings = [...say(converse({ known, conditions, looked, routes, nowMs, newId: randomUUID }), nowMs)]
    for (const { subject, by } of takenIn.get(minute) ?? []) {
      const alert = known.find((each) => each.subject === subject && each.state === 'raised')
      if (alert === undefined) continue
      const taken = acknowledged(alert, { by, nowMs })
      sayings.push(...say({ changed: [taken.alert], sayings: taken.sayings }, nowMs))
    }
    return sayings
  }

  goOn(
    first - 1,
    look(first - 1).map((condition) => ({ ...condition, takenBy: 'somebody, before' })),
  )
  const wentOn = known.length
  const sayings: Saying[] = []
  let since = performance.now()
  for (let minute = first; minute < time.toMs / minuteMs; minute++) {
    sayings.push(...goOn(minute, look(minute)))
    if (sayings.length > mostMessages)
      throw new RedriveError('REQUEST_INVALID', `More than ${mostMessages} messages would have been said.`, {
        hint: 'Choose a shorter time, or give alerts.routes and alerts.limits that say less.',
      })
    if (performance.now() - since > sliceMs) {
      await breathe()
      since = performance.now()
    }
  }
  const shown = told(sayings, time.toMs).filter(
    (saying) => (rule === undefined || saying.rule === rule) && (queue === undefined || saying.queue === queue),
  )
  return {
    from: new Date(time.fromMs).toISOString(),
    to: new Date(time.toMs).toISOString(),
    wentOn,
    messages: shown.map(({ atMs, toldMs, alert: _alert, ...saying }) => ({
      ...saying,
      at: new Date(atMs).toISOString(),
      toldAt: new Date(toldMs).toISOString(),
    })),
    totals: replayedRules.flatMap((of) => {
      const messages = shown.filter((saying) => saying.rule === of)
      const raised = new Set(messages.flatMap(({ change, alert }) => (change === 'raised' ? [alert] : [])))
      return messages.length === 0 ? [] : [{ rule: of, raised: raised.size, messages: messages.length }]
    }),
    rules: replayedRules,
    later:
      past.trafficFromMs === null ? [] : [{ rule: 'death-rate', from: new Date(past.trafficFromMs).toISOString() }],
  }
}

function sayingOf(
  { alert, notifier, notice, holdUntilMs }: Addressed,
  { causeId, nowMs }: { readonly causeId: string | null; readonly nowMs: number },
): Saying {
  const { change, rule, urgency, queue, title } = notice
  const cause = causeId === null ? null : showCauseId(causeId)
  const toldMs = holdUntilMs ?? nowMs
  return { atMs: nowMs, toldMs, alert, notifier, change, rule, urgency, queue, cause, title }
}

function wholeMinutes({
  fromMs,
  toMs,
  nowMs,
}: {
  readonly fromMs: number
  readonly toMs: number
  readonly nowMs: number
}): {
  readonly fromMs: number
  readonly toMs: number
} {
  const whole = (ms: number): number => Math.floor(ms / minuteMs) * minuteMs
  const time = { fromMs: whole(fromMs), toMs: whole(Math.min(toMs, nowMs)) }
  if (!(time.fromMs >= 0 && time.fromMs < time.toMs))
    throw new RedriveError('REQUEST_INVALID', 'That time does not begin before it ends, or is not past.', {
      hint: 'Give a beginning before now, and an end after it.',
    })
  if (time.toMs - time.fromMs > mostDays * 86_400_000)
    throw new RedriveError('REQUEST_INVALID', `That time is longer than ${mostDays} days.`, {
      hint: 'Choose a shorter time.',
    })
  return time
}
