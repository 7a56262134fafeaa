import type { Tier } from '@redrive/worker'
import type { PoolClient } from 'pg'
import type { CauseAction, CauseState } from '../../causes/index.ts'
import { firstUuidAt } from '../../store/uuid.ts'
import type { About } from '../alert.ts'
import { describeCauses } from '../conditions/describe-causes.ts'
import { mostOfTitle, oneLine } from '../conditions/one-line.ts'
import { causeRules } from '../rules.ts'
import { type PastHour, readHours } from './read-hours.ts'
import { type PastTraffic, readTraffic } from './read-traffic.ts'
import { minuteMs, type Span } from './span.ts'
import { tooMuch } from './too-much.ts'

export type CauseRule = (typeof causeRules)[number]

const dayMs = 86_400_000
/** Older letters count only if they wait still. */
const lookBackMs = 31 * dayMs
const most = { letters: 2_000_000, spans: 300_000, causes: 2_000, events: 100_000 } as const

export interface PastEvent {
  readonly id: string
  readonly cause: string
  readonly atMs: number
  readonly actor: string
  readonly what: CauseAction
  readonly was: CauseState
  readonly became: CauseState
  readonly said: string | null
  readonly release: string | null
  readonly isAssigned: boolean
}

export interface PastCause {
  readonly id: string
  readonly tier: Tier
  /** It had letters, or an alert, before. */
  readonly had: boolean
  readonly about: ReadonlyMap<CauseRule, Omit<About, 'subject'>>
}

export interface PastQueue {
  readonly id: number
  readonly name: string
  readonly owner: string | null
  readonly runbook: string | null
  /** Open letters when it began, and by minute what they changed by. */
  readonly open: number
  readonly changes: ReadonlyMap<number, number>
}

export interface Past {
  readonly spans: readonly Span[]
  readonly events: readonly PastEvent[]
  readonly causes: ReadonlyMap<string, PastCause>
  readonly queues: readonly PastQueue[]
  readonly hours: readonly PastHour[]
  readonly traffic: readonly PastTraffic[]
  /** Before it reports are kept by the hour alone; `null`: they are not, in this time. */
  readonly trafficFromMs: number | null
  /** Subjects of alerts that were raised before. */
  readonly subjects: ReadonlySet<string>
  /** Alerts about no cause that somebody took; who takes one about a cause takes the cause. */
  readonly taken: readonly { readonly subject: string; readonly by: string; readonly minute: number }[]
}

/**
 * What is written down of a time: when letters were captured and ended, what was done with causes, and how many letters were open in each queue. A
 * few statements whose answers are bounded, whatever the time is long.
 * @throws REQUEST_INVALID for more than can be looked at
 */
export async function readPast(
  client: PoolClient,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<Past> {
  const spans = await readSpans(client, { fromMs, toMs })
  const ids = [...new Set(spans.map(({ cause }) => cause))]
  if (ids.length > most.causes) throw tooMuch(`${ids.length} causes`)
  const subjects = await client.query<{ cause: string; subject: string }>(
    'select cause_id as cause, subject from alert where cause_id = any($1::bigint[]) and raised_at < $2',
    [ids, new Date(fromMs)],
  )
  return {
    spans,
    events: await readEvents(client, { ids, toMs }),
    causes: await readCauses(client, { ids, fromMs, told: new Set(subjects.rows.map(({ cause }) => cause)) }),
    queues: await readQueues(client, { fromMs, toMs }),
    hours: await readHours(client, { spans, fromMs, toMs }),
    ...(await readTraffic(client, { fromMs, toMs })),
    subjects: new Set(subjects.rows.map(({ subject }) => subject)),
    taken: await readTaken(client, { fromMs, toMs }),
  }
}

async function readSpans(
  client: PoolClient,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<readonly Span[]> {
  const back = firstUuidAt(Math.max(0, fromMs - lookBackMs))
  const end = firstUuidAt(toMs)
  const { rows: counted } = await client.query(
    'select from (select from letter where id >= $1 and id < $2 limit $3) l offset $4',
    [back, end, most.letters + 1, most.letters],
  )
  if (counted.length > 0) throw tooMuch(`more than ${most.letters.toLocaleString('en-US')} letters`)
  const { rows } = await client.query<Span>(
    `select cause_id as cause, queue_id as "queueId", floor(extract(epoch from uuid_extract_timestamp(id)) / 60)::int as came,
            case when state not in ('open', 'held', 'replaying', 'uncertain') and changed_at < $4
                 then floor(extract(epoch from changed_at) / 60)::int end as ended,
            count(*)::int as letters
       from (
         select id, cause_id, queue_id, state, changed_at from letter
          where id >= $1 and id < $2 and (id >= $3 or state in ('open', 'held', 'replaying', 'uncertain') or changed_at >= $5)
         union all
         select l.id, l.cause_id, l.queue_id, l.state, l.changed_at from outstanding o join letter l on l.id = o.letter_id where o.letter_id < $1
       ) l group by 1, 2, 3, 4 limit $6`,
    [back, end, firstUuidAt(fromMs), new Date(toMs), new Date(fromMs), most.spans + 1],
  )
  if (rows.length > most.spans)
    throw tooMuch(`letters that came and ended in more than ${most.spans.toLocaleString('en-US')} different minutes`)
  return rows
}

async function readEvents(
  client: PoolClient,
  { ids, toMs }: { readonly ids: readonly string[]; readonly toMs: number },
): Promise<readonly PastEvent[]> {
  const { rows } = await client.query<Omit<PastEvent, 'atMs'> & { at: Date }>(
    `select id, cause_id as cause, at, actor, what, was::text, became::text, said, details ->> 'release' as release,
            coalesce(what = 'assign' and details ->> 'to' is not null, false) as "isAssigned"
       from cause_event where cause_id = any($1::bigint[]) and at < $2
        and what in ('acknowledge', 'snooze', 'wake', 'fix', 'regress', 'reopen', 'assign', 'look') order by id limit $3`,
    [ids, new Date(toMs), most.events + 1],
  )
  if (rows.length > most.events) throw tooMuch(`more than ${most.events.toLocaleString('en-US')} changes of causes`)
  return rows.map(({ at, ...event }) => ({ ...event, atMs: at.getTime() }))
}

async function readCauses(
  client: PoolClient,
  {
    ids,
    fromMs,
    told,
  }: { readonly ids: readonly string[]; readonly fromMs: number; readonly told: ReadonlySet<string> },
): Promise<ReadonlyMap<string, PastCause>> {
  const { rows } = await client.query<{ id: string; title: string; tier: Tier; had: boolean }>(
    `select c.id, c.title, c.tier::text, c.first_letter < $2 as had
       from cause c where c.id = any($1::bigint[])`,
    [ids, firstUuidAt(fromMs)],
  )
  const described = new Map<CauseRule, Awaited<ReturnType<typeof describeCauses>>>()
  for (const rule of causeRules)
    described.set(
      rule,
      await describeCauses(
        client,
        ids.map((id) => ({ id, rule })),
        fromMs,
      ),
    )
  return new Map(
    rows.map(({ id, title, tier, had }) => {
      const about = new Map<CauseRule, Omit<About, 'subject'>>()
      for (const [rule, causes] of described) {
        const of = causes.get(id)
        // How many letters it had then is not told: what is described is the cause of today.
        const head = `${rule} ${oneLine(of?.queue ?? '', 60)}: `
        if (of !== undefined)
          about.set(rule, { ...of, title: head + oneLine(title, mostOfTitle - head.length), facts: [] })
      }
      return [id, { id, tier, had: had || told.has(id), about }]
    }),
  )
}

async function readTaken(
  client: PoolClient,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<Past['taken']> {
  const { rows } = await client.query<{ subject: string; by: string; at: Date }>(
    `select subject, acknowledged_by as by, acknowledged_at as at from alert
      where cause_id is null and acknowledged_at >= $1 and acknowledged_at < $2 limit $3`,
    [new Date(fromMs), new Date(toMs), most.events],
  )
  return rows.map(({ subject, by, at }) => ({ subject, by, minute: Math.floor(at.getTime() / minuteMs) }))
}

/** From the books, which are never changed: from what is there now, back, so that entries before the time are not read. */
async function readQueues(
  client: PoolClient,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<readonly PastQueue[]> {
  const { rows } = await client.query<Omit<PastQueue, 'open' | 'changes'> & { minute: number | null; letters: string }>(
    `select q.id, q.name,
            (select value from queue_says where queue = q.name and field = 'owner') as owner,
            (select value from queue_says where queue = q.name and field = 'runbook') as runbook, e.minute, e.letters
       from (
         select queue_id, null::int as minute, sum(letters) as letters
           from (select queue_id, letters from book where account = 'open'
                 union all select queue_id, -letters from ledger_entry where account = 'open' and at >= $1) as before group by 1
         union all
         select queue_id, floor(extract(epoch from at) / 60)::int, sum(letters)
           from ledger_entry where account = 'open' and at >= $1 and at < $2 group by 1, 2
       ) e join queue q on q.id = e.queue_id`,
    [new Date(fromMs), new Date(toMs)],
  )
  return [...Map.groupBy(rows, ({ id }) => id).values()].flatMap((minutes) => {
    const [first] = minutes
    if (first === undefined) return []
    const { id, name, owner, runbook } = first
    const changes = new Map(
      minutes.flatMap(({ minute, letters }) => (minute === null ? [] : [[minute, Number(letters)] as const])),
    )
    return [
      { id, name, owner, runbook, open: Number(minutes.find(({ minute }) => minute === null)?.letters ?? 0), changes },
    ]
  })
}
