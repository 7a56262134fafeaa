import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { checkAgainst } from './check.ts'
import type { Command } from './commands/command.ts'
import { captureLetters, captures, receipts, returns } from './commands/of-capture.ts'
import { discardRuns, discards, undos } from './commands/of-discards.ts'
import { decisions, edits, reverts } from './commands/of-letters.ts'
import { endings, restores } from './commands/of-retention.ts'
import { closings, deaths, plans, replayOf, replays, sends, starts, stops } from './commands/of-runs.ts'
import { sums } from './commands/of-upkeep.ts'
import { emptyModel } from './model.ts'
import { type Office, openModelOffice } from './office.ts'
import type { Real } from './real.ts'

export interface SequencesOptions {
  readonly sequences: number
  readonly seed: number
  /** Of a sequence that failed before: only that one. */
  readonly path?: string
  /** Makes an empty database. */
  database(): Promise<{ readonly url: string; drop(): Promise<void> }>
}

export interface SequencesResult {
  readonly sequences: number
  /** Commands that said something where they stood. */
  readonly commands: number
  readonly failure: Failure | null
}

export interface Failure {
  readonly seed: number
  /** Of the sequence that failed; with the seed it says which one it was, and how it was made shorter. */
  readonly path: string
  readonly counterexample: string
  readonly error: string
}

/** The command that runs a failed sequence again, and makes it shorter again. */
export function againWith({ seed, path }: Failure): string {
  return `npm run torture -- --model --seed ${seed} --path ${path.split(':')[0]}`
}

/** More often what says nothing at many places. */
const often: readonly fc.Arbitrary<Command>[] = [
  ...[captures, plans, replays, replays, starts, starts, sends, sends, sends, deaths, deaths],
  ...[receipts, receipts, receipts, returns, returns, decisions, decisions, decisions],
  ...[edits, reverts, discards, discards, discardRuns, undos, undos, stops, stops, closings],
  ...[endings, endings, restores, closings, sums, sums],
]
const maxCommands = 12
/** Letters are there, and mostly a run of all of them. */
const beginnings = fc.record({
  letters: fc.integer({ min: 1, max: 5 }),
  isRunning: fc.constantFrom(true, true, true, false),
})
/** The broker and the books of a database grow, and each check with them. */
const perDatabase = 250

/** Runs sequences of commands against the model and the real store, until one of them tells the two apart. */
export async function runSequences(options: SequencesOptions): Promise<SequencesResult> {
  const { sequences, seed, path } = options
  let opened: { readonly office: Office; drop(): Promise<void>; left: number } | undefined
  let commands = 0
  const close = async (): Promise<void> => {
    const closing = opened
    opened = undefined
    await closing?.office.close()
    await closing?.drop()
  }
  const open = async (): Promise<Office> => {
    if (opened !== undefined && opened.left <= 0) await close()
    if (opened === undefined) {
      const { url, drop } = await options.database()
      opened = { office: await openModelOffice(url), drop, left: perDatabase }
    }
    opened.left -= 1
    return opened.office
  }
  const property = fc.asyncProperty(
    beginnings,
    fc.commands([...often], { maxCommands, size: 'max' }),
    async (begin, given) => {
      const office = await open()
      const queue = `q${randomUUID().slice(0, 8)}`
      const model = emptyModel()
      const real: Real = { office, queue, arrived: [], runs: [], commands: 0, next: 0 }
      try {
        await captureLetters(model, real, { count: begin.letters, again: false })
        if (begin.isRunning) await replayOf({ kind: 'query', tier: '' }).run(model, real)
        await fc.asyncModelRun(() => ({ model, real }), given)
        await checkAgainst(model, real)
        commands += real.commands
        // Runs that are not over would be taken up by the next sequence.
        await office.store.pool.query(`update run set state = 'cancelled' where id = any($1) and state <> 'done'`, [
          real.runs,
        ])
      } catch (error) {
        // What it left behind must not fail the next one.
        await close()
        throw error
      }
    },
  )
  try {
    const run = await fc.check(property, {
      seed,
      numRuns: sequences,
      unbiased: true,
      ...(path === undefined ? {} : { path }),
    })
    const failure = run.failed
      ? {
          seed,
          path: run.counterexamplePath ?? '',
          counterexample: fc.stringify(run.counterexample),
          error: run.errorInstance instanceof Error ? run.errorInstance.message : String(run.errorInstance),
        }
      : null
    return { sequences: run.numRuns, commands, failure }
  } finally {
    await close()
  }
}
