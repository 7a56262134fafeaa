import type { Broker } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { showRunId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { changeMarks, type Known } from './change-marks.ts'
import { type DueLook, takeDueLooks } from './due-looks.ts'
import { lookFor, type Seen } from './look-for.ts'
import { moveLetters } from './mark.ts'
import { allowResending } from './possible-duplicates.ts'
import { storable } from './storable.ts'

export interface ResolveOptions {
  readonly store: Store
  readonly brokers: ReadonlyMap<string, Broker>
  /** How long what was sent last may still be on its way to the broker, or inside it. */
  readonly quietSeconds: number
  readonly signal: AbortSignal
}

/** What a look at the uncertain letters of a run led to. */
export interface Resolved {
  readonly run: string
  /** They are there: `replayed`. */
  readonly sent: number
  /** They are surely not: `open` again. */
  readonly notSent: number
  /** Nothing more can be known, and their queue allows another replay that says so: `open` again. */
  readonly resendable: number
  /** Still uncertain. */
  readonly left: number
}

/**
 * Looks for uncertain letters of one run where they were sent to. What is there is `replayed`, at once. What is not there is `open` again,
 * but only when its sender can send no more, what it sent has had time to arrive, and everything since was seen. The rest stays
 * `uncertain`, with why, and is looked for again as long as that may help.
 * @returns `null` when none is due
 */
export async function resolveUncertain(options: ResolveOptions): Promise<Resolved | null> {
  const { store, brokers, quietSeconds, signal } = options
  const looks = await takeDueLooks(store, quietSeconds)
  const [first] = looks
  if (first === undefined) return null
  const seen = await lookFor(looks, { brokers, signal })
  return store.transaction(async (client) => {
    const total = { sent: 0, notSent: 0, resendable: 0, left: 0 }
    for (const look of looks) {
      const done = await settle(client, look, seen)
      for (const what of ['sent', 'notSent', 'resendable', 'left'] as const) total[what] += done[what]
    }
    if (total.sent + total.notSent + total.resendable > 0) {
      await recordAudit(client, {
        actor: 'redrive',
        action: 'run.resolve-uncertain',
        target: showRunId(first.runId),
        reason: null,
        details: total,
      })
    }
    return { run: showRunId(first.runId), ...total }
  })
}

/** Looks once more for what was given up: a policy or a connection may be new. */
export async function lookAgain(store: Store): Promise<void> {
  await store.pool.query(
    'update intent set look_at = now() where uncertain > 0 and look_at is null and noted_at is not null',
  )
}

async function settle(
  client: PoolClient,
  look: DueLook,
  seen: ReadonlyMap<string, Seen>,
): Promise<Omit<Resolved, 'run'>> {
  // Receipts and returns wait for this, or this for them.
  const { rows } = await client.query<{ closed: boolean }>(
    'select closed_at is not null as closed from intent where run_id = $1 and from_ordinal = $2 for no key update',
    [look.runId, look.fromOrdinal],
  )
  const known = new Map<number, Known>()
  const unknown: Extract<Seen, { readonly kind: 'unknown' }>[] = []
  const hopeless: (typeof look.letters)[number][] = []
  for (const letter of look.letters) {
    const answer = seen.get(letter.replayId)
    if (answer?.kind === 'there') known.set(letter.ordinal, { mark: 's', at: answer.at })
    else if (answer?.kind === 'absent' && look.isSettled) known.set(letter.ordinal, { mark: 'n', reason: absent })
    else if (answer?.kind === 'unknown') {
      unknown.push(answer)
      if (answer.isFinal) hopeless.push(letter)
    }
  }
  // Receipts may still tell: it is only given up when nobody waits for them any more.
  const waitsForPolicy = await queuesThatResend(
    client,
    hopeless.map(({ letterId }) => letterId),
  )
  const resent = new Map<number, Known>()
  if (rows[0]?.closed === true)
    for (const { ordinal, letterId } of hopeless)
      if (waitsForPolicy.has(letterId))
        resent.set(ordinal, { mark: 'n', reason: 'given up: may be sent again, marked' })
  const changed = await changeMarks(client, look, new Map([...known, ...resent]))
  const idOf = new Map(look.letters.map(({ ordinal, letterId }) => [ordinal, letterId]))
  const ids = (ordinals: readonly number[]): string[] => ordinals.map((ordinal) => idOf.get(ordinal) ?? '')
  const resendable = changed.notSent.filter((ordinal) => resent.has(ordinal))
  await moveLetters(client, { ids: ids(changed.sent), from: 'uncertain', to: 'replayed', reference: look.runId })
  await moveLetters(client, { ids: ids(changed.notSent), from: 'uncertain', to: 'open', reference: look.runId })
  await allowResending(client, { letters: ids(resendable), by: 'redrive' })
  const left = look.letters.length - known.size - resent.size
  await schedule(client, look, { left, unknown, isPolicyDue: waitsForPolicy.size > resent.size })
  return {
    sent: changed.sent.length,
    notSent: changed.notSent.length - resendable.length,
    resendable: resendable.length,
    left,
  }
}

const absent = 'looked for where it was sent to: it did not arrive'
const onItsWay = 'it is not there yet; whoever was sending it may not have finished'
const policySeconds = 60
const firstBackoffSeconds = 5
const maxBackoffSeconds = 900

async function schedule(
  client: PoolClient,
  look: DueLook,
  options: {
    readonly left: number
    readonly unknown: readonly Extract<Seen, { readonly kind: 'unknown' }>[]
    readonly isPolicyDue: boolean
  },
): Promise<void> {
  const { left, unknown, isPolicyDue } = options
  const backoff = Math.min(maxBackoffSeconds, firstBackoffSeconds * 2 ** Math.min(look.looks, 10))
  const isHopeless = left > 0 && unknown.length === left && unknown.every(({ isFinal }) => isFinal)
  const why = unknown[0]?.why ?? onItsWay
  const inSeconds = isHopeless
    ? isPolicyDue
      ? policySeconds
      : null
    : unknown.length > 0
      ? backoff
      : look.settledInMs / 1_000
  await client.query(
    `update intent set looked = $3, look_at = case when $4::float8 is not null then now() + make_interval(secs => $4) end
     where run_id = $1 and from_ordinal = $2`,
    [look.runId, look.fromOrdinal, left === 0 ? null : storable(why), left === 0 ? null : inSeconds],
  )
}

async function queuesThatResend(client: PoolClient, letters: readonly string[]): Promise<ReadonlySet<string>> {
  if (letters.length === 0) return new Set()
  const { rows } = await client.query<{ id: string }>(
    `select l.id from letter l join queue q on q.id = l.queue_id where l.id = any($1::uuid[]) and q.uncertain = 'resend-marked'`,
    [letters],
  )
  return new Set(rows.map(({ id }) => id))
}
