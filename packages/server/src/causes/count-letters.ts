import type { Pool, PoolClient } from 'pg'

const firstCap = 1_000

/**
 * Letters of causes by state; states without any left out. A cause knows how many letters it ever got, so the state with the most has what
 * the others leave: letters are counted one by one only up to the size of the second largest state.
 */
export async function countLetters(
  client: Pool | PoolClient,
  causeIds: readonly string[],
): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
  const counts = new Map<string, Record<string, number>>()
  let open = causeIds
  for (let cap = firstCap; open.length > 0; cap *= 8) {
    const { rows } = await client.query<Counted>(
      `select c.id, c.letters as total, s.state::text, n.letters
         from cause c
         cross join unnest(enum_range(null::letter_state)) as s(state)
         cross join lateral (
           select count(*)::int as letters
             from (select from letter l where l.cause_id = c.id and l.state = s.state limit $2) as counted
         ) n
        where c.id = any($1::bigint[]) and n.letters > 0`,
      [open, cap + 1],
    )
    const uncertain: string[] = []
    for (const [id, states] of Map.groupBy(rows, (row) => row.id)) {
      const known = settled(states, cap)
      if (known === undefined) uncertain.push(id)
      else counts.set(id, known)
    }
    open = uncertain
  }
  return counts
}

interface Counted {
  readonly id: string
  readonly total: string
  readonly state: string
  readonly letters: number
}

/** `undefined` when more than one state has more than `cap`. */
function settled(states: readonly Counted[], cap: number): Record<string, number> | undefined {
  const known = Object.fromEntries(states.map(({ state, letters }) => [state, letters]))
  const large = states.filter(({ letters }) => letters > cap)
  const [most] = large
  if (large.length > 1) return undefined
  if (most === undefined) return known
  const others = states.reduce((sum, { state, letters }) => sum + (state === most.state ? 0 : letters), 0)
  return { ...known, [most.state]: Number(most.total) - others }
}
