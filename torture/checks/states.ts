import type { History } from './history.ts'

/** A letter that waits for a run that is over waits for ever. */
export function stateFindings({ letters }: History): readonly string[] {
  return letters
    .filter(({ isStranded }) => isStranded)
    .map(({ id }) => `letter ${id} is under replay, and no run has it`)
}
