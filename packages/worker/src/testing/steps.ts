import assert from 'node:assert/strict'
import type { Broker, Delivery, Outgoing, ReceiveOptions, SendResult, Subscription } from '../broker.ts'
import { isRedriveError } from '../errors.ts'
import type { Header, Message } from '../message.ts'
import type { CaseContext } from './case.ts'

const encoder = new TextEncoder()

/** Steps that cases share. */
export function text(value: string): Uint8Array {
  return encoder.encode(value)
}

export function messageOf(
  body: string | Uint8Array | null,
  parts: { readonly key?: Uint8Array | null; readonly headers?: readonly Header[] } = {},
): Message {
  return { key: parts.key ?? null, body: typeof body === 'string' ? text(body) : body, headers: parts.headers ?? [] }
}

export function bodyOf(delivery: Delivery): string {
  return Buffer.from(delivery.message.body ?? []).toString()
}

/** A source place of this case, ready for use. */
export async function placeFor(context: CaseContext, name: string): Promise<string> {
  const place = `${context.prefix}-${name}`
  await context.broker.prepare([{ place, role: 'source' }])
  return place
}

export async function sendAll(
  broker: Broker,
  place: string,
  messages: readonly (Message | Outgoing)[],
): Promise<readonly SendResult[]> {
  const results = await broker.send(
    place,
    messages.map((each) => ('message' in each ? each : { message: each })),
  )
  assert.equal(results.length, messages.length, 'send gives one result per message')
  for (const result of results)
    assert.equal(
      result.kind,
      'sent',
      JSON.stringify(result, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    )
  return results
}

export function receiveFrom(
  broker: Broker,
  place: string,
  options: Partial<ReceiveOptions> = {},
): Promise<Subscription> {
  return broker.receive(place, {
    consumer: 'conformance',
    maxInFlight: { messages: 1000, bytes: 64 * 1024 * 1024 },
    ...options,
  })
}

/** Receives until there are `count`; fails at the deadline. */
export async function take(
  context: CaseContext,
  subscription: Subscription,
  count: number,
): Promise<readonly Delivery[]> {
  const taken: Delivery[] = []
  const endMs = Date.now() + context.deadlineMs
  while (taken.length < count) {
    assert.ok(Date.now() < endMs, `only ${taken.length} of ${count} came within ${context.deadlineMs} ms`)
    taken.push(...(await subscription.next({ maxMessages: count - taken.length, waitMs: 250 })))
  }
  return taken
}

/** Receives and acknowledges until `done` or the deadline. */
export async function takeUntil(
  context: CaseContext,
  subscription: Subscription,
  done: (taken: readonly Delivery[]) => boolean,
): Promise<readonly Delivery[]> {
  const taken: Delivery[] = []
  const endMs = Date.now() + context.deadlineMs
  while (!done(taken)) {
    assert.ok(Date.now() < endMs, `not done after ${context.deadlineMs} ms with ${taken.length} messages`)
    const next = await subscription.next({ maxMessages: 100, waitMs: 250 })
    await subscription.settle(next, { kind: 'ack' })
    taken.push(...next)
  }
  return taken
}

/** Fails if anything comes within `quietMs`. */
export async function nothingFrom(context: CaseContext, subscription: Subscription): Promise<void> {
  const endMs = Date.now() + context.quietMs
  while (Date.now() < endMs) {
    const more = await subscription.next({ maxMessages: 10, waitMs: Math.max(1, endMs - Date.now()) })
    assert.deepEqual(more.map(bodyOf), [], 'nothing more was to come')
  }
}

/** Polls until `isTrue` or the deadline. */
export async function until(
  context: { readonly deadlineMs: number },
  what: string,
  isTrue: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = Date.now() + context.deadlineMs
  while (!(await isTrue())) {
    assert.ok(Date.now() < endMs, `not within ${context.deadlineMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export async function rejectsAsMissing(call: () => Promise<unknown>): Promise<void> {
  await assert.rejects(
    call,
    (error) => isRedriveError(error, 'CAPABILITY_MISSING'),
    'a missing capability fails with CAPABILITY_MISSING',
  )
}

/** The hook, or a failure that says to skip the case with a reason. */
export function hook<T>(value: T | undefined, name: string): T {
  assert.ok(value !== undefined, `the harness has no ${name}; give it one or skip this case with a reason`)
  return value
}
