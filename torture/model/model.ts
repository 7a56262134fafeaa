/** What should be, in plain values: the oracle for the real store. */
export interface Model {
  readonly letters: ModelLetter[]
  /** Those that retention took. */
  readonly deleted: ModelLetter[]
  readonly plans: ModelPlan[]
  readonly runs: ModelRun[]
  readonly discards: ModelDiscard[]
  /** Replays that the broker has, in no order. */
  readonly arrived: Arrival[]
  /** By run and ordinal: a receipt came, and another one says nothing. */
  readonly receipts: Set<string>
  /** The same for letters that came back. */
  readonly returns: Set<string>
}

/** `deleted`: it is not in the store, and in the books as a tombstone. */
export type State = 'open' | 'replaying' | 'uncertain' | 'replayed' | 'discarded' | 'archived' | 'deleted'

export interface ModelLetter {
  /** UUID. */
  readonly id: string
  /** In the order of capture, from 0. */
  readonly number: number
  /** What our wire calls it through all its replays. */
  readonly wireId: string
  readonly hops: number
  readonly tier: 'transient' | 'permanent'
  readonly body: string
  state: State
  /** Before it was archived. */
  was: State
  revision: number
  version: number
  /** Bodies of its edits, from version 1. */
  readonly edits: string[]
  /** An earlier replay may have arrived, and somebody wants another all the same. */
  marked: boolean
}

export interface ModelPlan {
  /** UUID. */
  readonly id: string
  readonly letters: readonly { readonly letter: ModelLetter; readonly revision: number; readonly body: string }[]
  run: ModelRun | null
}

/** `p`: its intent has no results. */
export type Mark = 's' | 'n' | 'u' | 'p'

export interface ModelRun {
  /** UUID. */
  readonly id: string
  readonly plan: ModelPlan
  state: 'running' | 'paused' | 'cancelled' | 'done'
  /** By ordinal; shorter than the plan while letters wait. */
  readonly marks: Mark[]
  readonly evidence: Map<number, 'confirmed' | 'returned'>
  /** Ordinals whose outcome is not waited for any more. */
  readonly closed: Set<number>
}

export interface ModelDiscard {
  /** UUID. */
  readonly id: string
  readonly letters: readonly {
    readonly letter: ModelLetter
    readonly was: 'open' | 'uncertain'
    readonly revision: number
  }[]
  state: 'planned' | 'done' | 'undone'
}

export interface Arrival {
  readonly run: ModelRun
  readonly ordinal: number
  readonly body: string
  readonly marked: boolean
}

export const emptyModel = (): Model => ({
  letters: [],
  deleted: [],
  plans: [],
  runs: [],
  discards: [],
  arrived: [],
  receipts: new Set(),
  returns: new Set(),
})

export const bodyOf = ({ version, edits, body }: ModelLetter): string =>
  version === 0 ? body : (edits[version - 1] ?? '')

/** What is thought of its replays. */
export const marksOf = ({ runs }: Model, letter: ModelLetter): readonly Mark[] =>
  runs.flatMap(({ plan, marks }) => marks.filter((_, ordinal) => plan.letters[ordinal]?.letter === letter))

/** Moves a letter if it is where it is believed to be. */
export function move(letter: ModelLetter, from: State, to: State): void {
  if (letter.state !== from) return
  letter.state = to
  letter.revision += 1
}

/** What a consumer said of a replay: it was sent, whatever was thought before. Nothing of what was never taken up. */
export function prove(run: ModelRun, ordinal: number, outcome: 'confirmed' | 'returned'): void {
  const mark = run.marks[ordinal]
  if (mark === undefined) return
  // A return is stronger than a confirmation.
  if (run.evidence.get(ordinal) !== 'returned') run.evidence.set(ordinal, outcome)
  if (mark !== 'u' && mark !== 'n') return
  run.marks[ordinal] = 's'
  const letter = letterAt(run, ordinal)
  move(letter, mark === 'u' ? 'uncertain' : 'open', 'replayed')
}

/** What became of a send, as its sender says. */
export function settle(run: ModelRun, ordinal: number, said: 's' | 'n' | 'u'): void {
  const mark = run.evidence.has(ordinal) ? 's' : said
  run.marks[ordinal] = mark
  move(letterAt(run, ordinal), 'replaying', ({ s: 'replayed', n: 'open', u: 'uncertain' } as const)[mark])
}

/** A cancelled run's letters that were not taken up. */
export function openRest(run: ModelRun): void {
  for (let ordinal = run.marks.length; ordinal < run.plan.letters.length; ordinal++)
    move(letterAt(run, ordinal), 'replaying', 'open')
}

export function letterAt(run: ModelRun, ordinal: number): ModelLetter {
  const planned = run.plan.letters[ordinal]
  if (planned === undefined) throw new Error(`the plan has no letter ${ordinal}`)
  return planned.letter
}

/** The one that is taken next: the oldest that runs. */
export const nextRun = ({ runs }: Model): ModelRun | undefined => runs.find(({ state }) => state === 'running')
