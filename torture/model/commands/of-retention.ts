import assert from 'node:assert/strict'
import fc from 'fast-check'
import { restoreLetters } from '../../../packages/server/src/archive/index.ts'
import { defaultRetention } from '../../../packages/server/src/config/index.ts'
import { documentQueue } from '../../../packages/server/src/queues/index.ts'
import { passOnce } from '../../../packages/server/src/retention/index.ts'
import { showLetterId } from '../../../packages/server/src/store/ids.ts'
import { letterAt, type Model, type ModelLetter, move } from '../model.ts'
import type { Real } from '../real.ts'
import { type Command, command, nowMs, someOf, who } from './command.ts'

/** Letters of other sequences stay, whatever becomes of them. */
const keepAll = { ...defaultRetention, afterwards: 'keep' as const }
const neverAborted = new AbortController().signal

/** The time of some letters is over, but never of the first: something is left to do. */
export const endings: fc.Arbitrary<Command> = fc
  .record({ bits: fc.integer({ min: 1, max: 255 }), action: fc.constantFrom('delete' as const, 'archive' as const) })
  .map(({ bits, action }) =>
    command(`${action} ${bits.toString(2)}`, {
      when: ({ letters }) => letters.length > 1,
      async run(model, real) {
        const old = someOf(model.letters.slice(1), bits)
        await end(real, { ids: old.map(({ id }) => id), action })
        for (const letter of old) {
          if ((letter.state !== 'replayed' && letter.state !== 'discarded') || isAwaited(model, letter)) continue
          letter.was = letter.state
          move(letter, letter.state, action === 'archive' ? 'archived' : 'deleted')
          if (action === 'delete') model.deleted.push(...model.letters.splice(model.letters.indexOf(letter), 1))
        }
      },
    }),
  )

export const restores: fc.Arbitrary<Command> = fc.integer({ min: 1, max: 255 }).map((bits) =>
  command(`restore ${bits.toString(2)}`, {
    when: ({ letters }) => letters.some(({ state }) => state === 'archived'),
    async run(model, { office }) {
      const chosen = someOf(model.letters, bits)
      const archived = chosen.filter(({ state }) => state === 'archived')
      const selection = { letters: chosen.map(({ id }) => showLetterId(id)) }
      const done = await restoreLetters(office.store, office.place, { selection, ...who, nowMs: nowMs() })
      assert.deepEqual(done, { restored: archived.length, skipped: chosen.length - archived.length })
      for (const letter of archived) move(letter, 'archived', letter.was)
    },
  }),
)

async function end(
  { office: { store, place }, queue }: Real,
  { ids, action }: { readonly ids: readonly string[]; readonly action: 'delete' | 'archive' },
): Promise<void> {
  await documentQueue(store, { queue, fields: { 'retention.afterwards': action }, by: who.by, reason: null })
  const shift = (days: number) =>
    store.pool.query(
      'update letter set changed_at = changed_at + make_interval(days => $2) where id = any($1::uuid[])',
      [ids, days],
    )
  await shift(-40)
  await passOnce(store, { retention: keepAll, place, signal: neverAborted })
  await shift(40)
}

/** One of its replays may still be heard of. */
function isAwaited({ runs }: Model, letter: ModelLetter): boolean {
  return runs.some((run) => [...run.marks.keys()].some((at) => letterAt(run, at) === letter && !run.closed.has(at)))
}
