/**
 * The 95 % interval of a share of which a sample was seen; of an empty sample all of 0 to 1. It holds its level for small counts, and shares of 0 and 1.
 * @see E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927) 209–212
 */
export function wilson({ with: hits, of }: { readonly with: number; readonly of: number }): {
  readonly lower: number
  readonly upper: number
} {
  if (of === 0) return { lower: 0, upper: 1 }
  const z = 1.959963984540054
  const share = hits / of
  const middle = (share + z ** 2 / (2 * of)) / (1 + z ** 2 / of)
  const half = (z / (1 + z ** 2 / of)) * Math.sqrt((share * (1 - share)) / of + z ** 2 / (4 * of ** 2))
  return { lower: Math.max(0, middle - half), upper: Math.min(1, middle + half) }
}
