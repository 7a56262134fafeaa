import type { HoldStore, Line, Standing } from '../hold-store.ts'

interface Entry {
  readonly letter: string
  readonly at: number
}

const losses = [
  'every line is forgotten with the process: after a restart no key is blocked, and what died before is replayed in whatever order',
  'other processes know nothing of it',
] as const

/** Keeps the lines in this process. For tests, and for a consumer of one process that never restarts with letters unresolved. */
export function memoryHold(): HoldStore {
  /** Scope → key → its letters, first place first. No list is empty. */
  const scopes = new Map<string, Map<string, Entry[]>>()
  let last = 0

  const linesOf = (scope: string): Map<string, Entry[]> => {
    const lines = scopes.get(scope) ?? new Map<string, Entry[]>()
    scopes.set(scope, lines)
    return lines
  }
  const insert = ({ scope, key }: Line, letter: string, at: number | null): Entry => {
    const lines = linesOf(scope)
    last = Math.max(last + 1, Date.now() * 1_000)
    const entry = { letter, at: at ?? last }
    lines.set(
      key,
      [...(lines.get(key) ?? []), entry].toSorted((a, b) => a.at - b.at),
    )
    return entry
  }

  return {
    losses,
    async arrive(line, letter, { at, most }) {
      const entries = linesOf(line.scope).get(line.key)
      if (entries === undefined) return { kind: 'free' }
      const known = entries.find((entry) => entry.letter === letter)
      if (known === undefined && entries.length >= most) return { kind: 'full' }
      const { at: place } = known ?? insert(line, letter, at)
      return standingOf(linesOf(line.scope).get(line.key) ?? entries, letter, place)
    },
    async die(line, letter, { at }) {
      const known = linesOf(line.scope)
        .get(line.key)
        ?.find((entry) => entry.letter === letter)
      return (known ?? insert(line, letter, at)).at
    },
    async leave({ scope, key }, letter) {
      const lines = linesOf(scope)
      const left = lines.get(key)?.filter((entry) => entry.letter !== letter) ?? []
      if (left.length === 0) lines.delete(key)
      else lines.set(key, left)
    },
    count: async (scope, most) => Math.min(most, linesOf(scope).size),
  }
}

function standingOf([first]: readonly Entry[], letter: string, at: number): Standing {
  return first === undefined || first.letter === letter
    ? { kind: 'first', at }
    : { kind: 'behind', at, behind: first.letter }
}
