import type { CauseState } from '../../causes/index.ts'
import type { Alert, Condition } from '../alert.ts'
import { ruleOf, subjectOf, whyOver } from '../conditions/cause-conditions.ts'
import type { Past, PastEvent } from './read-past.ts'
import { minuteMs } from './span.ts'

interface Life {
  state: CauseState
  /** Of its latest wake or regress. */
  turn: string
  turned: 'wake' | 'regress' | null
  waiting: number
  /** In this minute, whatever became of them in it. */
  came: number
  /** What made it snoozed or fixed. */
  ending: PastEvent | null
  readonly deeds: PastEvent[]
  had: boolean
}

export interface CausePictures {
  /** Goes on to the end of a minute. */
  pass(minute: number): void
  /** What a look would find, as `cause-conditions.ts` does. @param known alerts that are not over */
  conditions(known: readonly Alert[], nowMs: number): readonly Condition[]
}

/** Causes as they were, minute by minute. */
export function causePictures({ spans, events, causes, subjects }: Past, fromMinute: number): CausePictures {
  const lives = new Map<string, Life>()
  for (const { id, had } of causes.values())
    lives.set(id, { state: 'new', turn: '0', turned: null, waiting: 0, came: 0, ending: null, deeds: [], had })
  const cameIn = Map.groupBy(spans, ({ came }) => Math.max(came, fromMinute - 1))
  const endedIn = Map.groupBy(spans, ({ ended }) => ended)
  const happenedIn = Map.groupBy(events, ({ atMs }) => Math.max(Math.floor(atMs / minuteMs), fromMinute - 1))
  const told = new Set(subjects)
  let seen: Life[] = []
  return {
    pass(minute) {
      for (const life of seen) life.came = 0
      seen = []
      for (const { cause, letters } of cameIn.get(minute) ?? []) {
        const life = lives.get(cause)
        if (life === undefined) continue
        life.waiting += letters
        if (minute < fromMinute) continue
        life.came += letters
        seen.push(life)
      }
      for (const { cause, letters } of endedIn.get(minute) ?? []) {
        const life = lives.get(cause)
        if (life !== undefined) life.waiting -= letters
      }
      for (const event of happenedIn.get(minute) ?? []) follow(lives.get(event.cause), event)
    },
    conditions(known, nowMs) {
      const open = new Map(known.flatMap((alert) => (alert.causeId === null ? [] : [[alert.causeId, alert] as const])))
      const conditions: Condition[] = []
      for (const [id, life] of lives) {
        const alert = open.get(id)
        const waits = life.waiting + life.came > 0
        if (alert !== undefined) {
          const over = whyOver(
            {
              ...life,
              actor: life.ending?.actor ?? null,
              said: life.ending?.said ?? null,
              release: life.ending?.release ?? null,
            },
            alert,
          )
          conditions.push({ ...alert, over, isEmpty: !waits, takenBy: takenBy(life, alert.raisedAtMs - minuteMs) })
          told.add(alert.subject)
          life.had = true
        } else if (waits && life.state !== 'snoozed' && life.state !== 'fixed') {
          const subject = subjectOf(id, life.turn)
          const rule = ruleOf({ ...life, had_of_turn: told.has(subject) })
          const about = causes.get(id)?.about.get(rule)
          if (about !== undefined)
            conditions.push({ ...about, subject, over: null, isEmpty: false, takenBy: seenTo(life, nowMs - minuteMs) })
        }
      }
      return conditions
    },
  }
}

function follow(life: Life | undefined, event: PastEvent): void {
  if (life === undefined) return
  const { what, was, became } = event
  life.state = became
  if (what === 'wake' || what === 'regress') Object.assign(life, { turn: event.id, turned: what })
  if ((became === 'snoozed' || became === 'fixed') && (was !== became || what === 'snooze' || what === 'fix'))
    life.ending = event
  if (event.actor !== 'office' && (event.isAssigned || ['acknowledge', 'snooze', 'fix'].includes(what)))
    life.deeds.push(event)
}

function takenBy({ deeds }: Life, sinceMs: number): string | null {
  return deeds.findLast(({ atMs }) => atMs >= sinceMs)?.actor ?? null
}

/** Who took it before anybody was told of it. */
function seenTo({ state, had, deeds }: Life, beforeMs: number): string | null {
  if (had || state !== 'acknowledged') return null
  return deeds.findLast(({ what, atMs }) => what === 'acknowledge' && atMs < beforeMs)?.actor ?? null
}
