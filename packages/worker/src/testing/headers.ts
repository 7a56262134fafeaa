import assert from 'node:assert/strict'
import type { Header } from '../message.ts'
import type { CaseContext, Cases } from './case.ts'
import { messageOf, placeFor, receiveFrom, take, text } from './steps.ts'

export type HeadersCase =
  | 'text headers arrive unchanged'
  | 'binary headers arrive unchanged'
  | 'empty headers arrive unchanged'
  | 'null headers arrive or are a stated loss'
  | 'duplicate headers arrive or are a stated loss'
  | 'header order is kept or is a stated loss'
  | 'our wire travels in a header'

export const headersCases: Cases<HeadersCase> = {
  async 'text headers arrive unchanged'(context) {
    const sent = [header('content-type', text('application/json')), header('x-tenant', text('été \u{1f9ca}'))]
    assert.deepEqual(sorted(show((await trip(context, sent)) ?? [])), sorted(show(sent)))
  },

  async 'binary headers arrive unchanged'(context) {
    const sent = [
      header(
        'bytes',
        Uint8Array.from({ length: 256 }, (_, byte) => byte),
      ),
      header('broken', Uint8Array.of(0xff, 0xc3, 0x28)),
    ]
    assert.deepEqual(sorted(show((await trip(context, sent)) ?? [])), sorted(show(sent)))
  },

  async 'empty headers arrive unchanged'(context) {
    const sent = [header('empty', new Uint8Array(0))]
    assert.deepEqual(show((await trip(context, sent)) ?? []), show(sent))
  },

  async 'null headers arrive or are a stated loss'(context) {
    const sent = [header('nothing', null), header('something', text('x'))]
    const received = await trip(context, sent)
    if (context.broker.capabilities.headers.nulls) assert.deepEqual(sorted(show(received ?? [])), sorted(show(sent)))
    else refusedOrStated(context, received)
  },

  async 'duplicate headers arrive or are a stated loss'(context) {
    const sent = [header('twice', text('1')), header('twice', text('2')), header('twice', text('1'))]
    const received = await trip(context, sent)
    if (context.broker.capabilities.headers.duplicates) assert.deepEqual(show(received ?? []), show(sent))
    else refusedOrStated(context, received)
  },

  async 'header order is kept or is a stated loss'(context) {
    const { order, duplicates } = context.broker.capabilities.headers
    const names = duplicates ? ['b', 'a', 'c', 'a', 'b'] : ['b', 'a', 'c', 'A', 'B']
    const sent = names.map((name, n) => header(name, text(String(n))))
    const received = await trip(context, sent)
    if (order) assert.deepEqual(show(received ?? []), show(sent))
    else refusedOrStated(context, received)
  },

  async 'our wire travels in a header'(context) {
    const wire = JSON.stringify({ v: 1, id: 'x'.repeat(36), failure: { message: 'é'.repeat(900) } })
    const sent = [header('redrive', text(wire)), header('redrive-stack', text('at a (b.ts:1:1)\n'.repeat(60)))]
    assert.deepEqual(sorted(show((await trip(context, sent)) ?? [])), sorted(show(sent)))
  },
}

const header = (name: string, value: Uint8Array | null): Header => ({ name, value })

const show = (headers: readonly Header[]): string[] =>
  headers.map(({ name, value }) => `${name}=${value === null ? 'null' : Buffer.from(value).toString('hex')}`)

const sorted = (lines: readonly string[]): string[] => lines.toSorted()

/** Sends one message and gives the headers it arrived with, less those the broker added; `undefined` when it was refused. */
async function trip(context: CaseContext, headers: readonly Header[]): Promise<readonly Header[] | undefined> {
  const place = await placeFor(context, 'headers')
  const [result] = await context.broker.send(place, [{ message: messageOf('x', { headers }) }])
  if (result?.kind === 'not-sent') return undefined
  assert.equal(result?.kind, 'sent')
  const subscription = await receiveFrom(context.broker, place)
  const [delivery] = await take(context, subscription, 1)
  if (delivery !== undefined) await subscription.settle([delivery], { kind: 'ack' })
  await subscription.close()
  const names = new Set(headers.map(({ name }) => name))
  return delivery?.message.headers.filter(({ name }) => names.has(name))
}

function refusedOrStated(context: CaseContext, received: readonly Header[] | undefined): void {
  if (received === undefined) return
  assert.ok(
    context.broker.capabilities.losses.length > 0,
    'what is denied is refused, or the loss is stated in capabilities.losses',
  )
}
