import { randomUUID } from 'node:crypto'
import { RedriveError } from '../errors.ts'
import { effectBusy, effectMaybe, effectStoreFailed, effectUnnamed } from './effect-errors.ts'
import { type EffectName, effectKey, effectWhat } from './effect-key.ts'
import { readResult, writeResult } from './effect-result.ts'
import type { Begun, MaybeReason, Settlement } from './effect-store.ts'
import type { EffectAttempt, EffectSettings, EffectSubject, FailedMeans, Found, OnceOptions } from './effects.ts'
import { failureMeans } from './failure-means.ts'
import { persistently } from './persistently.ts'

interface Call {
  readonly subject: EffectSubject
  readonly settings: EffectSettings
  readonly name: string
  readonly run: (attempt: EffectAttempt) => unknown
  readonly options: OnceOptions<unknown>
}

/** One call of `effects.once`, for as long as it holds the effect. */
interface Held extends Call {
  readonly key: string
  readonly token: string
  readonly what: string
}

export async function once(call: Call): Promise<unknown> {
  const { subject, settings, name } = call
  const { store, leaseMs, keepMs } = settings
  const effect = nameOf(call)
  const held: Held = { ...call, key: effectKey(effect), token: randomUUID(), what: effectWhat(effect) }
  if (subject.isOver()) throw over(name)
  const { key, token, what } = held
  const begun = await stored(held, 'begin', () => store.begin(key, { token, leaseMs, keepMs, what }))
  if (begun.kind === 'done') return readResult(begun.result)
  if (begun.kind === 'busy') throw effectBusy(`another attempt has begun the effect "${name}"`, begun.leftMs)
  const maybe = maybeOf(begun, call)
  // Without a lease to prolong in a transaction: what holds the effect there is its row.
  const prolonging = store.isTransaction === true ? null : prolong(held)
  try {
    if (subject.isOver()) {
      await letGo(held, maybe === null ? { token, kind: 'not-done' } : { token, kind: 'maybe', why: maybe.why })
      throw over(name)
    }
    const found = maybe === null ? notHappened : await decide(held, maybe)
    if (found.happened) return await finish(held, found.result)
    // Whoever looked it up knows; whoever does it again does not.
    return await perform(held, call.options.onMaybe === 'run' ? (maybe?.why ?? null) : null)
  } finally {
    prolonging?.abort()
  }
}

const notHappened = { happened: false } as const

interface Maybe {
  readonly why: MaybeReason
  readonly beganAtMs: number | null
}

/** @throws EFFECT_UNNAMED, OPTION_INVALID */
function nameOf({ subject, settings, name }: Call): EffectName {
  if (typeof name !== 'string' || name === '')
    throw new RedriveError('OPTION_INVALID', 'an effect has no name', {
      hint: 'Give each effect of a handler its own.',
    })
  const { consumer, letterId, named, message } = subject
  const id = settings.id?.(message) ?? null
  if (id !== null) return { consumer, by: 'id', id, name }
  if (!named) throw effectUnnamed()
  return { consumer, by: 'letter', id: letterId, name }
}

/** No record is no proof for a message that has failed before its records of that time may have been dropped. */
function maybeOf(
  begun: Extract<Begun, { kind: 'begun' | 'maybe' }>,
  { subject: { failedAtMs }, settings: { clock, keepMs, leaseMs, timeoutMs } }: Call,
): Maybe | null {
  if (begun.kind === 'maybe') return begun
  if (begun.known || failedAtMs === null) return null
  // An effect may have begun a whole call before its message failed; a lease more for clocks that differ.
  const mayHaveExpired = clock.now() - failedAtMs > keepMs - timeoutMs - leaseMs
  return mayHaveExpired ? { why: 'expired', beganAtMs: null } : null
}

async function decide(held: Held, { why, beganAtMs }: Maybe): Promise<Found<unknown>> {
  const { options, name, key, token, what, subject } = held
  const { onMaybe = 'fail' } = options
  if (onMaybe === 'run') return notHappened
  if (onMaybe === 'skip') return { happened: true, result: undefined }
  if (onMaybe === 'fail') {
    await letGo(held, { token, kind: 'maybe', why })
    throw effectMaybe(what, why)
  }
  try {
    return await onMaybe({ why, name, idempotencyKey: key, beganAtMs, signal: subject.signal })
  } catch (error) {
    await letGo(held, { token, kind: 'maybe', why })
    throw error
  }
}

async function perform(held: Held, maybe: MaybeReason | null): Promise<unknown> {
  const { run, key, token, subject, options } = held
  let value: unknown
  try {
    value = await run({ idempotencyKey: key, maybe, signal: subject.signal })
  } catch (error) {
    // What it may have done before it failed now, an earlier attempt may have done as well.
    const failed = meaningOf(error, options.failedMeans)
    const why = failed === 'maybe' ? 'failed' : maybe
    await letGo(held, why === null ? { token, kind: 'not-done' } : { token, kind: 'maybe', why })
    throw error
  }
  return finish(held, value)
}

function meaningOf(error: unknown, means: FailedMeans = failureMeans): 'not-done' | 'maybe' {
  if (typeof means !== 'function') return means
  try {
    return means(error) === 'not-done' ? 'not-done' : 'maybe'
  } catch {
    return 'maybe'
  }
}

async function finish(held: Held, value: unknown): Promise<unknown> {
  const { settings, key, token, name } = held
  const result = writeResult(value)
  if (!(await stored(held, 'record', () => settings.store.settle(key, { token, kind: 'done', result }))))
    throw effectBusy(
      `the effect "${name}" took longer than its lease, and another attempt has taken it`,
      settings.leaseMs,
    )
  return readResult(result)
}

/** Where it fails, the lease ends by itself, and what is left is a `maybe`: never less than the truth. */
async function letGo({ settings: { store }, key }: Held, settlement: Settlement): Promise<void> {
  // A transaction is rolled back with everything in it; after an error it takes no statement anyway.
  if (store.isTransaction !== true) await store.settle(key, settlement).catch(() => false)
}

function stored<T>(held: Held, verb: 'begin' | 'record', step: () => Promise<T>): Promise<T> {
  const { store, clock } = held.settings
  return persistently(step, { clock, tries: store.isTransaction === true ? 1 : 3 }).catch((cause: unknown) => {
    const after = verb === 'record' ? '; it has happened, and is maybe from now on' : ''
    throw effectStoreFailed(`cannot ${verb} the effect "${held.name}"${after}`, cause)
  })
}

function prolong({ settings, key, token }: Held): AbortController {
  const { store, clock, leaseMs } = settings
  const ended = new AbortController()
  const go = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(leaseMs / 3, ended.signal)
      if (ended.signal.aborted) return
      await store.extend(key, { token, leaseMs }).catch(() => false)
    }
  }
  void go()
  return ended
}

function over(name: string): RedriveError {
  return effectBusy(`the effect "${name}" was not begun: this attempt is over`, 0)
}
