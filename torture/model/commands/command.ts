import assert from 'node:assert/strict'
import type fc from 'fast-check'
import type { Model, ModelLetter } from '../model.ts'
import { codeOf, type Real } from '../real.ts'

export type Command = fc.AsyncCommand<Model, Real>

/** @param words printed with a counterexample */
export function command(
  words: string,
  does: {
    /** Whether it says anything here. @default always */
    readonly when?: (model: Readonly<Model>) => boolean
    readonly run: (model: Model, real: Real) => Promise<void>
  },
): Command {
  const run = async (model: Model, real: Real): Promise<void> => {
    await does.run(model, real)
    real.commands += 1
  }
  return { check: does.when ?? (() => true), run, toString: () => words }
}

/** Does it and compares how it was refused, if it was. @param expected a code, or `null`: it is done */
export async function refusedWith(expected: string | null, work: Promise<unknown>): Promise<void> {
  assert.equal(await codeOf(work), expected)
}

/** One of them, whatever the number is. */
export function picked<T>(all: readonly T[], pick: number): T {
  const one = all[pick % all.length]
  if (one === undefined) throw new Error('there is nothing to pick from')
  return one
}

/** Letters by the bits of a number, at least one. */
export function someOf(letters: readonly ModelLetter[], bits: number): readonly ModelLetter[] {
  const chosen = letters.filter(({ number }) => ((bits >> (number % 8)) & 1) === 1)
  return chosen.length > 0 ? chosen : letters.slice(0, 1)
}

export const who = { by: 'model', reason: 'a sequence' }
/** Before all letters were captured, so that what came back did so just now. */
export const nowMs = (): number => Date.now() - 3_600_000
