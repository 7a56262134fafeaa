import assert from 'node:assert/strict'
import fc from 'fast-check'
import { discardLetters, planDiscard, runDiscard, undoDiscard } from '../../../packages/server/src/letters/index.ts'
import { type Model, type ModelDiscard, type ModelLetter, marksOf, move } from '../model.ts'
import type { Real } from '../real.ts'
import { type Command, command, nowMs, picked, refusedWith, who } from './command.ts'
import { type Chosen, selectionOf, selections, wordsOf } from './of-letters.ts'

export const discards: fc.Arbitrary<Command> = fc
  .record({ chosen: selections, isPlanned: fc.boolean() })
  .map(({ chosen, isPlanned }) =>
    command(`${isPlanned ? 'plan a discard of' : 'discard'} ${wordsOf(chosen)}`, {
      async run(model, real) {
        const { request, letters } = frozen(model, real, chosen)
        const { id, letters: count } = await (isPlanned ? planDiscard : discardLetters)(real.office.store, request)
        assert.equal(count, letters.length)
        const discard: ModelDiscard = { id, letters, state: isPlanned ? 'planned' : 'done' }
        model.discards.push(discard)
        if (!isPlanned) end(discard)
      },
    }),
  )

export const discardRuns: fc.Arbitrary<Command> = fc.nat(7).map((pick) =>
  command(`run discard ${pick}`, {
    when: ({ discards: all }) => all.length > 0,
    async run(model, { office }) {
      const discard = picked(model.discards, pick)
      const isStale = discard.letters.some(
        ({ letter, was, revision }) => letter.state !== was || letter.revision !== revision,
      )
      const refusal =
        discard.state !== 'planned'
          ? 'STATE_CONFLICT'
          : discard.letters.length === 0
            ? 'REQUEST_INVALID'
            : isStale
              ? 'PLAN_STALE'
              : null
      await refusedWith(refusal, runDiscard(office.store, { discard: discard.id, by: who.by }))
      if (refusal !== null) return
      discard.state = 'done'
      end(discard)
    },
  }),
)

export const undos: fc.Arbitrary<Command> = fc.nat(7).map((pick) =>
  command(`undo discard ${pick}`, {
    when: ({ discards: all }) => all.length > 0,
    async run(model, { office }) {
      const discard = picked(model.discards, pick)
      const refusal = discard.state === 'done' ? null : 'STATE_CONFLICT'
      await refusedWith(refusal, undoDiscard(office.store, { discard: discard.id, ...who }))
      if (refusal !== null) return
      discard.state = 'undone'
      for (const { letter, was, revision } of discard.letters)
        if (letter.revision === revision + 1) move(letter, 'discarded', stateOf(model, letter, was))
    },
  }),
)

function frozen(model: Model, real: Real, chosen: Chosen) {
  const { selection, found } = selectionOf(model, real, chosen)
  const letters = found.flatMap((letter) => {
    const { state: was, revision } = letter
    return was === 'open' || was === 'uncertain' ? [{ letter, was, revision }] : []
  })
  return { request: { selection, ...who, nowMs: nowMs() }, letters }
}

function end({ letters }: ModelDiscard): void {
  for (const { letter, was } of letters) move(letter, was, 'discarded')
}

/** What was sent is replayed, whenever that was found out. */
function stateOf(model: Model, letter: ModelLetter, was: 'open' | 'uncertain'): 'open' | 'uncertain' | 'replayed' {
  const marks = marksOf(model, letter)
  if (marks.includes('s')) return 'replayed'
  return was === 'uncertain' && marks.includes('u') ? 'uncertain' : 'open'
}
