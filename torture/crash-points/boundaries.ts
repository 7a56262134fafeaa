/** A moment between two effects: before or after a statement of the database or a request to the broker. */
export interface Boundaries {
  /** Every boundary that was crossed, by name, in order. */
  readonly crossed: readonly string[]
  cross(side: 'before' | 'after', what: string): void
}

/**
 * Names boundaries by what is done and how often it was done before, so that the same one is found again although requests that run side by
 * side change places.
 * @param dieAt the process kills itself there
 */
export function boundariesUntil(dieAt: string | null): Boundaries {
  const crossed: string[] = []
  const times = new Map<string, number>()
  return {
    crossed,
    cross(side, what) {
      const at = `${side} ${what}`
      const time = (times.get(at) ?? 0) + 1
      times.set(at, time)
      const name = `${at} #${time}`
      crossed.push(name)
      if (name === dieAt) process.kill(process.pid, 'SIGKILL')
    },
  }
}
