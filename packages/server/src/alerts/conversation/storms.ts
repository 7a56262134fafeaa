import type { AlertRoute } from '../../config/index.ts'
import { shellWord } from '../../queues/index.ts'
import { type Alert, raise } from '../alert.ts'
import { mostOfTitle, oneLine } from '../conditions/one-line.ts'
import type { Fact } from '../notice.ts'
import { acknowledged, nag, resolve } from './follow.ts'
import type { Saying } from './saying.ts'

/** So many new alerts of one queue, or of all together, are said on their own in `windowMs`; with more, one alert speaks for all. */
const mostOfQueue = 4
const mostOfAll = 20
const windowMs = 600_000
const mostNamed = 8

interface Look {
  readonly known: readonly Alert[]
  /** Alerts that are no storms, as this look leaves them. */
  readonly followed: readonly Alert[]
  readonly raised: readonly Alert[]
  readonly routes: readonly AlertRoute[]
  readonly nowMs: number
  readonly newId: () => string
}

interface Told {
  readonly alerts: readonly Alert[]
  readonly sayings: readonly Saying[]
}

/** Says what is raised, alone while it is little, and follows the storms that speak for others. */
export function foldStorms(look: Look): Told {
  const { known, followed, raised, nowMs, newId } = look
  const storms = new Map(
    known.filter(({ rule, state }) => rule === 'storm' && state !== 'resolved').map((storm) => [storm.subject, storm]),
  )
  const alone: Alert[] = []
  const folded: Alert[] = []
  for (const { alert, subject } of placed(raised, { known, storms, nowMs })) {
    if (subject === null) {
      alone.push({ ...alert, said: 1, saidAtMs: nowMs })
      continue
    }
    const storm =
      storms.get(subject) ?? newStorm(subject === ofAll ? null : alert.queue, { subject, id: newId(), nowMs })
    storms.set(subject, storm)
    folded.push({ ...alert, storm: storm.id })
  }
  const members = Map.groupBy([...followed, ...folded], ({ storm }) => storm)
  const spoken = [...storms.values()].map((storm) => followStorm(storm, members.get(storm.id) ?? [], look))
  return {
    alerts: [...alone, ...folded, ...spoken.flatMap(({ alerts }) => alerts)],
    sayings: [
      ...alone.map((alert): Saying => ({ alert, change: 'raised' })),
      ...spoken.flatMap(({ sayings }) => sayings),
    ],
  }
}

/** Which storm speaks for each; `null`: it speaks for itself. What is about no queue always does, and a run that stopped: it waits for a person. */
function placed(
  raised: readonly Alert[],
  {
    known,
    storms,
    nowMs,
  }: { readonly known: readonly Alert[]; readonly storms: ReadonlyMap<string, Alert>; readonly nowMs: number },
): readonly { readonly alert: Alert; readonly subject: string | null }[] {
  const recent = known.filter(
    ({ rule, queue, saidAtMs, raisedAtMs }) =>
      rule !== 'storm' && mayFold({ rule, queue }) && saidAtMs !== null && nowMs - raisedAtMs < windowMs,
  )
  const isOn = (subject: string): boolean => {
    const saidAtMs = storms.get(subject)?.saidAtMs ?? null
    return saidAtMs !== null && nowMs - saidAtMs < windowMs
  }
  const ofQueues = raised.filter(mayFold)
  const isTooMuch = isOn(ofAll) || recent.length + ofQueues.length > mostOfAll
  const byQueue = Map.groupBy([...recent, ...ofQueues], ({ queue }) => queue)
  return raised.map((alert) => {
    if (alert.queue === null || !mayFold(alert)) return { alert, subject: null }
    const own = subjectOf(alert.queue)
    if (isOn(own) || (byQueue.get(alert.queue)?.length ?? 0) > mostOfQueue) return { alert, subject: own }
    return { alert, subject: isTooMuch ? ofAll : null }
  })
}

function mayFold({ queue, rule }: Pick<Alert, 'queue' | 'rule'>): boolean {
  return queue !== null && rule !== 'run-halted'
}

const ofAll = 'storm'
const subjectOf = (queue: string): string => `storm/${queue}`

function followStorm(storm: Alert, members: readonly Alert[], look: Pick<Look, 'routes' | 'nowMs'>): Told {
  const { nowMs } = look
  const unresolved = members.filter(({ state }) => state !== 'resolved')
  if (unresolved.length === 0) {
    const { alert, sayings } = resolve(storm, 'all that it spoke for is over', nowMs)
    return { alerts: [alert], sayings }
  }
  const told = described(storm, unresolved)
  const { saidAtMs } = storm
  if (saidAtMs === null) {
    const said: Alert = { ...told, said: 1, saidAtMs: nowMs }
    return { alerts: [said], sayings: [{ alert: said, change: 'raised' }] }
  }
  const open = unresolved.filter(({ state }) => state === 'raised')
  if (storm.state === 'raised' && open.length === 0) {
    const [last] = unresolved.toSorted((a, b) => (b.acknowledgedAtMs ?? 0) - (a.acknowledgedAtMs ?? 0))
    const { alert, sayings } = acknowledged(told, { by: last?.acknowledgedBy ?? '', nowMs })
    return { alerts: [alert], sayings }
  }
  // Whoever took the storm took what it spoke for then.
  if (nowMs - saidAtMs >= windowMs && open.some(({ raisedAtMs }) => raisedAtMs > saidAtMs)) {
    const taken = { state: 'raised', acknowledgedAtMs: null, acknowledgedBy: null } as const
    const again: Alert = { ...told, ...taken, said: storm.said + 1, saidAtMs: nowMs }
    return { alerts: [again], sayings: [{ alert: again, change: 'repeated' }] }
  }
  const { alert, sayings } = nag(told, look)
  return { alerts: alert === told ? [] : [alert], sayings }
}

function newStorm(queue: string | null, { subject, ...birth }: { subject: string; id: string; nowMs: number }): Alert {
  return raise(
    {
      rule: 'storm',
      subject,
      queue,
      causeId: null,
      tier: null,
      owner: null,
      urgency: 'page',
      title: '',
      facts: [],
      next: queue === null ? 'redrive alerts' : `redrive alerts --queue ${shellWord(queue)}`,
      runbook: null,
      over: null,
      isEmpty: false,
      takenBy: null,
    },
    birth,
  )
}

function titleOf(where: string, [newest, ...others]: readonly Alert[]): string {
  if (others.length === 0) return oneLine(`STORM ${where}: one more, ${newest?.title ?? ''}`, mostOfTitle)
  return oneLine(`STORM ${where}: ${others.length + 1} alerts at once, the newest: ${newest?.title ?? ''}`, mostOfTitle)
}

function described(storm: Alert, members: readonly Alert[]): Alert {
  const queues = new Set(members.map(({ queue }) => queue))
  const where = storm.queue === null ? `${queues.size} queues` : oneLine(storm.queue, 60)
  const newest = members.toSorted((a, b) => b.raisedAtMs - a.raisedAtMs)
  const facts: Fact[] = newest.slice(0, mostNamed).map(({ rule, title }) => ({ name: rule, value: title }))
  if (members.length > mostNamed) facts.push({ name: 'more', value: String(members.length - mostNamed) })
  const owners = new Set(members.map(({ owner }) => owner))
  const [owner = null] = owners.size === 1 ? owners : []
  const urgency = members.some((member) => member.urgency === 'page') ? 'page' : 'ticket'
  return { ...storm, owner, urgency, title: titleOf(where, newest), facts }
}
