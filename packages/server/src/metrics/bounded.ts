/** Under this name all queues are added up that are beyond the most. */
export const others = '(others)'
const maxNameLength = 200

/**
 * At most so many names, those with the most letters: who can make up queues must not make up time series without end. The rest, and names
 * that are the same once they are cut, are one.
 */
export function boundedNames(
  sizes: readonly { readonly name: string; readonly letters: number }[],
  most: number,
): ReadonlyMap<string, string> {
  const largest = sizes.toSorted((a, b) => b.letters - a.letters || (a.name < b.name ? -1 : 1))
  return new Map(largest.map(({ name }, at) => [name, at < most ? name.slice(0, maxNameLength) : others]))
}

/** Adds up samples whose labels are the same. */
export function addUp<L extends Readonly<Record<string, string>>>(
  samples: readonly { readonly labels: L; readonly value: number }[],
  how: (a: number, b: number) => number = (a, b) => a + b,
): readonly { readonly labels: L; readonly value: number }[] {
  const sums = new Map<string, { readonly labels: L; readonly value: number }>()
  for (const { labels, value } of samples) {
    const key = JSON.stringify(labels)
    const before = sums.get(key)
    sums.set(key, { labels, value: before === undefined ? value : how(before.value, value) })
  }
  return [...sums.values()]
}
