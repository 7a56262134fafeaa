/** A report with its truth, as in `packages/worker/fixtures/traces`. */
export interface Report {
  readonly id: string
  readonly language: string
  readonly queue: string
  readonly consumer: string | null
  readonly errorClass: string | null
  readonly message: string | null
  readonly stack: string | null
  readonly cause: string
  readonly variant: string
  readonly hard: boolean
}

/** A report and the group it was put in. */
export interface Grouped {
  readonly report: Report
  readonly group: string
}

export interface GroupingScore {
  readonly reports: number
  readonly causes: number
  readonly groups: number
  /** Of all pairs that were put together, the share that belongs together. */
  readonly precision: number
  /** Of all pairs that belong together, the share that was put together. */
  readonly recall: number
}

/** Counts over pairs of reports, so that a wrong merge weighs what it would do to a replay. */
export function scoreGrouping(grouped: readonly Grouped[]): GroupingScore {
  const groups = tally(grouped, ({ group }) => group)
  const causes = tally(grouped, ({ report }) => report.cause)
  const right = pairs(tally(grouped, ({ group, report }) => `${group} ${report.cause}`))
  const together = pairs(groups)
  const should = pairs(causes)
  return {
    reports: grouped.length,
    causes: causes.size,
    groups: groups.size,
    precision: together === 0 ? 1 : right / together,
    recall: should === 0 ? 1 : right / should,
  }
}

/** The groups with the most wrong pairs, and the causes that lost the most pairs, worst first. */
export function worstOf(grouped: readonly Grouped[], count: number): { merges: string[]; splits: string[] } {
  const merges = [...collect(grouped, ({ group }) => group)]
    .map(([group, members]) => ({
      group,
      parts: tally(members, ({ report }) => report.cause),
      members: members.length,
    }))
    .filter(({ parts }) => parts.size > 1)
    .map(({ group, parts, members }) => ({
      wrong: choose2(members) - pairs(parts),
      text: `${group.slice(0, 12)}: ${[...parts].map(([cause, n]) => `${n} of ${cause}`).join(', ')}`,
    }))
  const splits = [...collect(grouped, ({ report }) => report.cause)]
    .map(([cause, members]) => ({ cause, members, parts: tally(members, ({ group }) => group) }))
    .filter(({ parts }) => parts.size > 1)
    .map(({ cause, members, parts }) => {
      const [largest] = [...parts].sort((a, b) => b[1] - a[1])[0] ?? ['']
      const apart = new Set(members.filter(({ group }) => group !== largest).map(({ report }) => report.variant))
      return {
        wrong: choose2(members.length) - pairs(parts),
        text: `${cause}: ${members.length} reports in ${parts.size} groups; apart: ${[...apart].join(', ')}`,
      }
    })
  const worst = (list: { wrong: number; text: string }[]): string[] =>
    list
      .sort((a, b) => b.wrong - a.wrong || (a.text < b.text ? -1 : 1))
      .slice(0, count)
      .map(({ wrong, text }) => `${String(wrong).padStart(6)} pairs  ${text}`)
  return { merges: worst(merges), splits: worst(splits) }
}

function collect(grouped: readonly Grouped[], key: (item: Grouped) => string): Map<string, Grouped[]> {
  const lists = new Map<string, Grouped[]>()
  for (const item of grouped) {
    const list = lists.get(key(item))
    if (list === undefined) lists.set(key(item), [item])
    else list.push(item)
  }
  return lists
}

function tally(grouped: readonly Grouped[], key: (item: Grouped) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of grouped) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1)
  return counts
}

function pairs(counts: ReadonlyMap<string, number>): number {
  let sum = 0
  for (const count of counts.values()) sum += choose2(count)
  return sum
}

function choose2(n: number): number {
  return (n * (n - 1)) / 2
}
