import fc from 'fast-check'
import { editLetter, revertLetter } from '../../../packages/server/src/repair/index.ts'
import { decideUncertain } from '../../../packages/server/src/replay/index.ts'
import { showLetterId } from '../../../packages/server/src/store/ids.ts'
import { type Model, type ModelLetter, move } from '../model.ts'
import type { Real } from '../real.ts'
import { type Command, command, nowMs, picked, refusedWith, someOf, who } from './command.ts'

/** Letters by the bits of a number, or those that a query finds. */
export type Chosen =
  | { readonly kind: 'ids'; readonly bits: number }
  | { readonly kind: 'query'; readonly tier: '' | 'transient' | 'permanent' }

export const selections: fc.Arbitrary<Chosen> = fc.oneof(
  fc.record({ kind: fc.constant('ids' as const), bits: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('query' as const), tier: fc.constantFrom('' as const, 'transient', 'permanent') }),
)

export const wordsOf = (chosen: Chosen): string =>
  chosen.kind === 'ids' ? `ids ${chosen.bits.toString(2)}` : `query ${chosen.tier}`

/** The selection for the office, and the letters that it finds: a query without a state finds `state`. */
export function selectionOf(
  model: Model,
  { queue }: Real,
  chosen: Chosen,
  state: 'open' | 'uncertain' = 'open',
): { readonly selection: { query: string } | { letters: string[] }; readonly found: readonly ModelLetter[] } {
  if (chosen.kind === 'ids') {
    const found = someOf(model.letters, chosen.bits)
    return { selection: { letters: found.map(({ id }) => showLetterId(id)) }, found }
  }
  const { tier } = chosen
  const found = model.letters.filter((letter) => letter.state === state && (tier === '' || letter.tier === tier))
  return { selection: { query: `queue:${queue}${tier === '' ? '' : ` tier:${tier}`}` }, found }
}

/** A person says of uncertain letters what became of them. */
export const decisions: fc.Arbitrary<Command> = fc
  .record({
    chosen: selections,
    decision: fc.constantFrom('sent' as const, 'not-sent' as const, 'resend' as const),
    isMistaken: fc.nat(9).map((one) => one === 0),
  })
  .map(({ chosen, decision, isMistaken }) =>
    command(`decide ${wordsOf(chosen)} ${decision}${isMistaken ? ' with a wrong number' : ''}`, {
      when: ({ letters }) => letters.some(({ state }) => state === 'uncertain'),
      async run(model, real) {
        const { selection, found } = selectionOf(model, real, chosen, 'uncertain')
        const doubted = found.filter(({ state }) => state === 'uncertain')
        const expect = doubted.length + (isMistaken ? 1 : 0)
        const request = { selection, decision, expect, ...who, nowMs: nowMs() }
        await refusedWith(isMistaken ? 'PLAN_STALE' : null, decideUncertain(real.office.store, request))
        if (isMistaken) return
        for (const letter of doubted) decide(model, letter, decision)
      },
    }),
  )

function decide(model: Model, letter: ModelLetter, decision: 'sent' | 'not-sent' | 'resend'): void {
  for (const { plan, marks } of model.runs)
    plan.letters.forEach((planned, ordinal) => {
      if (planned.letter === letter && marks[ordinal] === 'u') marks[ordinal] = decision === 'sent' ? 's' : 'n'
    })
  move(letter, 'uncertain', decision === 'sent' ? 'replayed' : 'open')
  if (decision === 'resend') letter.marked = true
}

export const edits: fc.Arbitrary<Command> = fc
  .record({ pick: fc.nat(7), isMistaken: fc.nat(9).map((one) => one === 0) })
  .map(({ pick, isMistaken }) =>
    command(`edit ${pick}${isMistaken ? ' of another version' : ''}`, {
      async run(model, { office }) {
        const letter = picked(model.letters, pick)
        // A letter that came back has the body of an edit: another value than that changes something.
        const value = Number(/"v":(\d+)/.exec(letter.body)?.[1] ?? 0) + letter.edits.length + 1
        const change = { patch: `[{"op":"replace","path":"/v","value":${value}}]` }
        const expectVersion = letter.version + (isMistaken ? 1 : 0)
        const isRefused = isMistaken || letter.state !== 'open'
        await refusedWith(
          isRefused ? 'STATE_CONFLICT' : null,
          editLetter(office.store, { letter: showLetterId(letter.id), expectVersion, change, ...who }),
        )
        if (isRefused) return
        letter.edits.push(letter.body.replace(/"v":\d+/, `"v":${value}`))
        letter.version = letter.edits.length
        letter.revision += 1
      },
    }),
  )

export const reverts: fc.Arbitrary<Command> = fc.record({ pick: fc.nat(7), to: fc.nat(3) }).map(({ pick, to }) =>
  command(`revert ${pick} to ${to}`, {
    when: ({ letters }) => picked(letters, pick).edits.length > 0,
    async run(model, real) {
      const letter = picked(model.letters, pick)
      const refusal =
        letter.state !== 'open' || to === letter.version
          ? 'STATE_CONFLICT'
          : to > letter.edits.length
            ? 'NOT_FOUND'
            : null
      await refusedWith(refusal, revertLetter(real.office.store, { letter: showLetterId(letter.id), to, ...who }))
      if (refusal !== null) return
      letter.version = to
      letter.revision += 1
    },
  }),
)
