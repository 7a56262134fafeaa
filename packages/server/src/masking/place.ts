import { isSecretName } from '../config/index.ts'
import type { Rules } from './rules.ts'

/** Where in a JSON value something stands, as far as rules ask for it. */
export interface Place {
  /** How far each path has come: its index and that of its next segment. */
  readonly steps: readonly (readonly [path: number, segment: number])[]
  /** Why nothing here is shown, or `null`. */
  readonly why: string | null
  /** Known by its name alone: yes and no and nothing are shown. */
  readonly isByName: boolean
}

export const secretName = 'secret name'

export function rootPlace(rules: Rules): Place {
  return placeOf(
    rules,
    rules.paths.map((_, path) => [path, 0]),
    null,
  )
}

export function placeBelow(rules: Rules, place: Place, name: string): Place {
  const steps: [number, number][] = []
  for (const [path, segment] of place.steps) {
    const wanted = rules.paths[path]?.segments[segment]
    if (wanted === undefined) continue
    if (wanted === null) steps.push([path, segment])
    else if (wanted(name)) steps.push([path, segment + 1])
  }
  return placeOf(rules, steps, rules.secretNames && isSecretName(name) ? secretName : null)
}

function placeOf(rules: Rules, given: readonly (readonly [number, number])[], byName: string | null): Place {
  const steps = new Map<string, readonly [number, number]>()
  let why: string | null = null
  for (const [path, first] of given) {
    const rule = rules.paths[path]
    let segment = first
    // Any number of names may be none.
    for (;;) {
      steps.set(`${path}.${segment}`, [path, segment])
      if (segment === rule?.segments.length) why ??= rule.why
      if (rule?.segments[segment] !== null) break
      segment += 1
    }
  }
  return { steps: [...steps.values()], why: why ?? byName, isByName: why === null }
}
