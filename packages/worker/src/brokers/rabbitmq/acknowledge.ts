/**
 * How to settle some deliveries of a channel with the fewest frames: everything up to a tag at once where nothing older stays
 * behind, the rest one by one.
 * @param outstanding tags not settled yet, ascending
 */
export function acknowledgements(
  outstanding: Iterable<number>,
  settled: ReadonlySet<number>,
): readonly { readonly tag: number; readonly upTo: boolean }[] {
  const single: number[] = []
  let contiguous = 0
  let last: number | undefined
  let isContiguous = true
  for (const tag of outstanding) {
    if (contiguous + single.length === settled.size) break
    const isSettled = settled.has(tag)
    if (!isSettled) isContiguous = false
    else if (isContiguous) {
      last = tag
      contiguous += 1
    } else single.push(tag)
  }
  const first = last === undefined ? [] : [{ tag: last, upTo: contiguous > 1 }]
  return [...first, ...single.map((tag) => ({ tag, upTo: false }))]
}
