import type { Store } from '../../store/store.ts'
import type { LetterToPlace } from './letter-to-place.ts'
import { loadRuleSet } from './load-rules.ts'
import { noteValue } from './note-value.ts'
import type { Place, RuleSet } from './rule-set.ts'

/** The rules as this process last read them. Whoever writes letters compares the version while he holds them. */
export interface RuleKeeper {
  /** As they are known here; empty before they were read. */
  readonly current: RuleSet | null
  /** Reads them, whatever is known. */
  read(): Promise<RuleSet>
  /** A place by the newest rules known, and their version; values that are new are noted. */
  place(home: string, letter: LetterToPlace): Promise<{ readonly place: SettledPlace; readonly version: number }>
}

export type SettledPlace = Exclude<Place, { readonly kind: 'unknown-value' }>

export function createRuleKeeper(store: Store): RuleKeeper {
  let current: RuleSet | null = null

  async function read(): Promise<RuleSet> {
    const set = await store.transaction(loadRuleSet, { isolation: 'repeatable read', readOnly: true })
    current = set
    return set
  }

  return {
    get current() {
      return current
    },
    read,
    async place(home, letter) {
      for (;;) {
        const set = current ?? (await read())
        const place = set.place(home, letter)
        if (place.kind !== 'unknown-value') return { place, version: set.version }
        await noteValue(store, place)
        await read()
      }
    },
  }
}
