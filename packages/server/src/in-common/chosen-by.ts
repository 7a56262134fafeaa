import type { Query } from '../letters/index.ts'
import { hourFacet } from './letter-tokens.ts'

/** What makes a cause one: of its letters these facets say nothing new. */
const ofCauses = ['queue', 'consumer', 'tier', 'error class', 'reason'] as const

const facetsBy: Readonly<Record<string, readonly string[]>> = {
  cause: ofCauses,
  error: ['error class'],
  queue: ['queue', 'origin'],
  tier: ['tier'],
  consumer: ['consumer'],
  release: ['release'],
  host: ['host'],
  key: ['key'],
  attempts: ['attempts'],
  bytes: ['size'],
  age: [hourFacet],
}

/** Facets by which a query chose its letters: that they differ there is no surprise. */
export function chosenBy({ conditions }: Query): readonly string[] {
  return [...new Set(conditions.flatMap(({ field }) => facetsBy[field] ?? []))]
}
