export interface DiffLine {
  /** ` ` in both, `-` only in the first, `+` only in the second. */
  readonly sign: ' ' | '-' | '+'
  readonly text: string
}

/** Most lines that may differ before what is between is shown as gone and come. Time and memory grow with its square. */
const maxDistance = 500

/**
 * The shortest way from one list of lines to the other, by Myers.
 * @see https://doi.org/10.1007/BF01840446 An O(ND) Difference Algorithm and Its Variations (1986)
 */
export function diffLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1
  let tail = 0
  while (
    tail < Math.min(before.length, after.length) - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  )
    tail += 1
  return [
    ...signed(' ', before.slice(0, head)),
    ...between(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...signed(' ', before.slice(before.length - tail)),
  ]
}

function between(a: readonly string[], b: readonly string[]): readonly DiffLine[] {
  if (a.length === 0 || b.length === 0) return [...signed('-', a), ...signed('+', b)]
  const steps = shortest(a, b)
  return steps === null ? [...signed('-', a), ...signed('+', b)] : walked(a, b, steps)
}

/** For each number of differences how far each diagonal came; `null` when there are too many. */
function shortest(a: readonly string[], b: readonly string[]): readonly Int32Array[] | null {
  const most = Math.min(maxDistance, a.length + b.length)
  const middle = most + 1
  const reached = new Int32Array(2 * most + 3)
  const steps: Int32Array[] = []
  for (let distance = 0; distance <= most; distance += 1) {
    steps.push(reached.slice(middle - distance - 1, middle + distance + 2))
    for (let diagonal = -distance; diagonal <= distance; diagonal += 2) {
      const [left, right] = [reached[middle + diagonal - 1] ?? 0, reached[middle + diagonal + 1] ?? 0]
      const down = diagonal === -distance || (diagonal !== distance && left < right)
      let x = down ? right : left + 1
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x += 1
      reached[middle + diagonal] = x
      if (x >= a.length && x - diagonal >= b.length) return steps
    }
  }
  return null
}

/** Back from the end, a difference at a time. */
function walked(a: readonly string[], b: readonly string[], steps: readonly Int32Array[]): readonly DiffLine[] {
  const lines: DiffLine[] = []
  let [x, y] = [a.length, b.length]
  for (let distance = steps.length - 1; distance >= 0; distance -= 1) {
    const reached = steps[distance] as Int32Array
    const at = (diagonal: number): number => reached[diagonal + distance + 1] ?? 0
    const diagonal = x - y
    const down = diagonal === -distance || (diagonal !== distance && at(diagonal - 1) < at(diagonal + 1))
    const before = down ? diagonal + 1 : diagonal - 1
    const [fromX, fromY] = distance === 0 ? [0, 0] : [at(before), at(before) - before]
    while (x > fromX && y > fromY) {
      x -= 1
      y -= 1
      lines.push({ sign: ' ', text: a[x] ?? '' })
    }
    if (distance === 0) break
    if (down) lines.push({ sign: '+', text: b[(y -= 1)] ?? '' })
    else lines.push({ sign: '-', text: a[(x -= 1)] ?? '' })
  }
  return lines.toReversed()
}

const signed = (sign: DiffLine['sign'], lines: readonly string[]): readonly DiffLine[] =>
  lines.map((text) => ({ sign, text }))
