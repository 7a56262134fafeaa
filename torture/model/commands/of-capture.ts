import assert from 'node:assert/strict'
import { encodeWire, type Message, type Wire } from '@redrive/worker'
import fc from 'fast-check'
import { replayIdOf } from '../../../packages/server/src/replay/replay-id.ts'
import { type Model, type ModelLetter, prove } from '../model.ts'
import type { Real } from '../real.ts'
import { type Command, command, picked } from './command.ts'

/** Letters die, the last of them perhaps twice over. */
export const captures: fc.Arbitrary<Command> = fc
  .record({ count: fc.integer({ min: 1, max: 3 }), again: fc.boolean() })
  .map(({ count, again }) =>
    command(`capture ${count}${again ? ', the last twice' : ''}`, {
      run: (model, real) => captureLetters(model, real, { count, again }),
    }),
  )

export async function captureLetters(
  model: Model,
  real: Real,
  { count, again }: { readonly count: number; readonly again: boolean },
): Promise<void> {
  const dead = Array.from({ length: count }, () => {
    const number = real.next++
    const tier = number % 2 === 0 ? ('transient' as const) : ('permanent' as const)
    return { wireId: `${real.queue}-${number}`, hops: 1, tier, replayId: null, body: `{"order":${number},"v":0}` }
  })
  const messages = dead.map((each) => deathOf(real, each))
  await real.office.capture('letters', ...messages, ...(again ? messages.slice(-1) : []))
  await learn(model, real, dead)
}

/** A letter that was replayed, or seems to have been, dies again. */
export const returns: fc.Arbitrary<Command> = fc.record({ run: fc.nat(7), ordinal: fc.nat(7) }).map((picks) =>
  command(`return ${picks.run}/${picks.ordinal}`, {
    when: ({ runs }) => runs.length > 0,
    async run(model, real) {
      const run = picked(model.runs, picks.run)
      const ordinal = picks.ordinal % run.plan.letters.length
      const { letter, body } = picked(run.plan.letters, ordinal)
      const { wireId, tier } = letter
      const death = { wireId, hops: letter.hops + 1, tier, replayId: replayIdOf(run.id, ordinal), body }
      await real.office.capture('letters', deathOf(real, death))
      // The same death once more is no other letter.
      if (model.returns.has(death.replayId)) return
      model.returns.add(death.replayId)
      await learn(model, real, [death])
      prove(run, ordinal, 'returned')
    },
  }),
)

/** A worker says what it made of a replay. */
export const receipts: fc.Arbitrary<Command> = fc
  .record({ run: fc.nat(7), ordinal: fc.nat(7), result: fc.constantFrom('handled', 'discarded', 'failed') })
  .map(({ result, ...picks }) =>
    command(`receipt ${picks.run}/${picks.ordinal} ${result}`, {
      when: ({ runs }) => runs.length > 0,
      async run(model, real) {
        const run = picked(model.runs, picks.run)
        const ordinal = picks.ordinal % run.plan.letters.length
        await sayReceipt(model, real, { run, ordinal, result })
      },
    }),
  )

export async function sayReceipt(
  model: Model,
  real: Real,
  said: { readonly run: Model['runs'][number]; readonly ordinal: number; readonly result: string },
): Promise<void> {
  const { run, ordinal, result } = said
  const replayId = replayIdOf(run.id, ordinal)
  const worker = { service: 'reefer', release: null, host: null }
  const body = Buffer.from(JSON.stringify({ replayId, letterId: 'x', result, attempts: 1, atMs: Date.now(), worker }))
  await real.office.capture('receipts', { key: null, body, headers: [] })
  if (model.receipts.has(replayId)) return
  model.receipts.add(replayId)
  prove(run, ordinal, result === 'failed' ? 'returned' : 'confirmed')
}

type Death = Pick<ModelLetter, 'wireId' | 'hops' | 'tier' | 'body'> & { readonly replayId: string | null }

function deathOf({ queue }: Real, { wireId, hops, tier, replayId, body }: Death): Message {
  const message = `order ${wireId} failed`
  const wire: Wire = {
    id: wireId,
    origin: {
      system: 'kafka',
      place: queue,
      consumer: 'reefer',
      partition: null,
      position: null,
      nativeId: null,
      timestampMs: null,
    },
    attempts: 5,
    maxAttempts: 5,
    firstFailedAtMs: Date.now() - 1_000,
    lastFailedAtMs: Date.now(),
    failure: { errorClass: 'InventoryError', rootClass: 'InventoryError', message },
    tier,
    reason: 'attempts',
    worker: { service: 'reefer', release: '1', host: 'host-1' },
    traceparent: null,
    hops,
    crashes: 0,
    replayId,
    dueAtMs: null,
    line: null,
    notice: null,
    history: [],
  }
  const headers = encodeWire(wire, null, { headerBytes: 4096, stackBytes: 0 })
  return { key: Buffer.from(wireId), body: Buffer.from(body), headers }
}

/** The office gave each of them an id. */
async function learn(model: Model, { office }: Real, dead: readonly Death[]): Promise<void> {
  const { rows } = await office.store.pool.query<{ id: string; wire_id: string; hops: number }>(
    'select id, wire_id, hops from letter_content where wire_id = any($1) and not id = any($2) order by id',
    [dead.map(({ wireId }) => wireId), model.letters.map(({ id }) => id)],
  )
  assert.equal(rows.length, dead.length, 'each death is a letter, once')
  for (const [index, { wireId, hops, tier, body }] of dead.entries()) {
    assert.equal(rows[index]?.wire_id, wireId)
    model.letters.push({
      id: rows[index]?.id ?? '',
      number: model.letters.length + model.deleted.length,
      wireId,
      hops,
      tier,
      body,
      state: 'open',
      was: 'open',
      revision: 1,
      version: 0,
      edits: [],
      marked: false,
    })
  }
}
