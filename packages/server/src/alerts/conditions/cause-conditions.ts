import type { PoolClient } from 'pg'
import type { CauseState } from '../../causes/index.ts'
import type { Alert, Condition } from '../alert.ts'
import type { causeRules } from '../rules.ts'
import { describeCauses } from './describe-causes.ts'
import { waitingCauses } from './waiting-causes.ts'

/** New conditions of one look; what is beyond is found by the next one. */
const mostNew = 500

/**
 * A cause with letters that wait, and that is neither snoozed nor fixed, has an alert that is not over: whatever became of it before, somebody was
 * told of what waits now. @param known alerts that are not over
 */
export async function causeConditions(
  client: PoolClient,
  { known, nowMs }: { readonly known: readonly Alert[]; readonly nowMs: number },
): Promise<readonly Condition[]> {
  return [...(await knownConditions(client, known)), ...(await newConditions(client, nowMs))]
}

interface KnownRow {
  readonly id: string
  readonly state: CauseState
  readonly turn: string
  readonly waits: boolean
  readonly actor: string | null
  readonly said: string | null
  readonly release: string | null
  readonly taken_by: string | null
}

async function knownConditions(client: PoolClient, known: readonly Alert[]): Promise<readonly Condition[]> {
  const ofCauses = known.filter(({ causeId, state }) => causeId !== null && state !== 'resolved')
  if (ofCauses.length === 0) return []
  const { rows } = await client.query<KnownRow>({
    name: 'causes-of-alerts',
    text: `
      select k.id, c.state::text,
             coalesce((select max(e.id) from cause_event e where e.cause_id = c.id and e.what in ('wake', 'regress')), 0)::text as turn,
             exists (select from outstanding o where o.cause_id = c.id)
               or exists (select from cause_change m where m.cause_id = c.id and m.state = 'replaying'
                          group by m.cause_id having sum(m.letters) > 0) as waits,
             s.actor, s.said, s.details ->> 'release' as release,
             (select e.actor from cause_event e where e.cause_id = c.id and e.at >= k.raised_at and e.actor <> 'office'
                and (e.what in ('acknowledge', 'snooze', 'fix') or (e.what = 'assign' and e.details ->> 'to' is not null))
              order by e.id desc limit 1) as taken_by
        from unnest($1::uuid[], $2::bigint[], $3::timestamptz[]) as k (id, cause_id, raised_at) join cause c on c.id = k.cause_id
        left join lateral (
          select e.actor, e.said, e.details from cause_event e where e.cause_id = c.id and e.became = c.state
             and (e.was <> e.became or e.what in ('snooze', 'fix')) order by e.id desc limit 1
        ) s on c.state in ('snoozed', 'fixed')`,
    values: [
      ofCauses.map(({ id }) => id),
      ofCauses.map(({ causeId }) => causeId),
      ofCauses.map(({ raisedAtMs }) => new Date(raisedAtMs)),
    ],
  })
  const byId = new Map(ofCauses.map((alert) => [alert.id, alert]))
  return rows.flatMap((row) => {
    const alert = byId.get(row.id)
    if (alert === undefined) return []
    return [{ ...alert, over: whyOver(row, alert), isEmpty: !row.waits, takenBy: row.taken_by }]
  })
}

/** Why an alert is over though letters of its cause may wait; `null`: it is not. */
export function whyOver(
  { state, turn, actor, said, release }: Pick<KnownRow, 'state' | 'turn' | 'actor' | 'said' | 'release'>,
  alert: Alert,
): string | null {
  if (state === 'fixed') return `fixed${release === null ? '' : ` in ${release}`} by ${actor ?? 'somebody'}`
  if (state === 'snoozed') return `snoozed by ${actor ?? 'somebody'}: ${said ?? ''}`
  return alert.subject === subjectOf(alert.causeId, turn) ? null : 'it was over, and is back as another alert'
}

export function subjectOf(causeId: string | null, turn: string): string {
  return `cause/${causeId}/${turn}`
}

interface NewRow {
  readonly id: string
  readonly state: CauseState
  readonly turn: string
  readonly turned: 'wake' | 'regress' | null
  /** Alerts that it had: any, and of its latest turn. */
  readonly had: boolean
  readonly had_of_turn: boolean
  readonly acknowledged_by: string | null
  /** Who led its letters there: none has come since. */
  readonly moved_by: string | null
}

/** Causes whose letters wait, found by stepping from one to the next through the index of what waits. */
async function newConditions(client: PoolClient, nowMs: number): Promise<readonly Condition[]> {
  const { rows } = await client.query<NewRow>({
    name: 'causes-without-alerts',
    text: `
      with recursive ${waitingCauses}
      select c.id, c.state::text, coalesce(t.id, 0)::text as turn, t.what as turned,
             exists (select from alert a where a.cause_id = c.id) as had,
             exists (select from alert a where a.subject = 'cause/' || c.id || '/' || coalesce(t.id, 0)) as had_of_turn,
             (select e.actor from cause_event e where c.state = 'acknowledged' and e.cause_id = c.id and e.what = 'acknowledge'
              order by e.id desc limit 1) as acknowledged_by,
             (select e.actor from cause_event e where e.cause_id = c.id and e.what in ('merge', 'split', 'gather', 'undo')
                and e.at >= uuid_extract_timestamp((select o.letter_id from outstanding o where o.cause_id = c.id order by o.letter_id desc limit 1))
              order by e.id desc limit 1) as moved_by
        from waiting w join cause c on c.id = w.cause_id
        left join lateral (
          select e.id, e.what from cause_event e where e.cause_id = c.id and e.what in ('wake', 'regress') order by e.id desc limit 1
        ) t on true
       where c.state not in ('snoozed', 'fixed')
         and not exists (select from alert a where a.cause_id = c.id and a.state <> 'resolved')
       limit $1`,
    values: [mostNew],
  })
  const described = await describeCauses(
    client,
    rows.map((row) => ({ id: row.id, rule: ruleOf(row) })),
    nowMs,
  )
  return rows.flatMap((row) => {
    const about = described.get(row.id)
    if (about === undefined) return []
    const takenBy = row.moved_by ?? (row.had ? null : row.acknowledged_by)
    return [{ ...about, subject: subjectOf(row.id, row.turn), over: null, isEmpty: false, takenBy }]
  })
}

/** What an alert is raised by of a cause that has none. */
export function ruleOf({
  state,
  turned,
  had,
  had_of_turn: hadOfTurn,
}: Pick<NewRow, 'state' | 'turned' | 'had' | 'had_of_turn'>): (typeof causeRules)[number] {
  if (!hadOfTurn && state === 'regressed') return 'regressed'
  if (!hadOfTurn && turned === 'wake') return 'woken'
  return had ? 'back-again' : 'first-failure'
}
