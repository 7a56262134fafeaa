export type Cell = string | number

/** Prints lines whose columns have fixed widths, the first to the left, numbers to the right. */
export function table(widths: readonly number[]): (...cells: readonly Cell[]) => void {
  return (...cells) => {
    const text = cells.map((cell, at) => {
      const shown = typeof cell === 'string' ? cell : shownNumber(cell)
      const width = widths[at] ?? 10
      return at === 0 ? shown.padEnd(width) : shown.padStart(width)
    })
    console.log(text.join('  '))
  }
}

function shownNumber(value: number): string {
  if (!Number.isFinite(value)) return '-'
  return Math.abs(value) >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(value < 1 ? 3 : 1)
}
