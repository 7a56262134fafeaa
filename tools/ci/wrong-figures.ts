const names = [
  'produced',
  'captured',
  'causes',
  'replayed',
  'confirmed',
  'returned',
  'open',
  'unaccounted',
  'seconds',
] as const

/** What is wrong with the last line of a scenario: it must be whole, have done something, and balance. */
export function wrongFigures(line: string): string[] {
  let figures: Record<string, unknown>
  try {
    figures = JSON.parse(line) as Record<string, unknown>
  } catch {
    return ['no line of JSON at the end']
  }
  const of = (name: (typeof names)[number]): number => Number(figures[name])
  const missing = names.filter((name) => typeof figures[name] !== 'number').map((name) => `${name} is missing`)
  if (missing.length > 0) return missing
  const rules: readonly [boolean, string][] = [
    [of('produced') > 0 && of('captured') > 0 && of('causes') > 1, 'nothing happened'],
    [of('replayed') > 0 && of('confirmed') > 0, 'nothing was replayed and confirmed'],
    [of('confirmed') + of('returned') === of('replayed'), 'not every replay has an outcome'],
    [of('unaccounted') === 0, 'letters are unaccounted for'],
  ]
  return rules.filter(([holds]) => !holds).map(([, said]) => `${said}: ${line}`)
}
