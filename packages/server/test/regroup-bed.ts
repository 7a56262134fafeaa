import assert from 'node:assert/strict'
import { createRegrouper, listCauses } from '../src/causes/index.ts'
import { diedAtMs, hourOfMs } from '../src/store/died-at.ts'
import type { Store } from '../src/store/store.ts'

/** Until every letter is where the rules want it. */
export async function regrouped(store: Store, maxLetters = 500): Promise<void> {
  const regrouper = createRegrouper(store)
  for (;;) {
    const result = await regrouper.step({ maxLetters })
    if (result === 'idle') return
    assert.equal(result, 'more')
  }
}

/** The cause with this title. */
export async function causeOf(store: Store, title: RegExp): Promise<string> {
  const { causes } = await listCauses(store, { limit: 500, emptied: true })
  const found = causes.filter((cause) => title.test(cause.title))
  assert.equal(found.length, 1, `${found.length} of ${causes.map((cause) => cause.title).join(' | ')}`)
  return found[0]?.id ?? ''
}

/** Letters of each cause by its title, those without any left out. */
export async function grouped(store: Store): Promise<Record<string, number>> {
  const { rows } = await store.pool.query<{ title: string; letters: number }>(
    'select c.title, count(*)::int as letters from letter l join cause c on c.id = l.cause_id group by c.id order by c.title',
  )
  return Object.fromEntries(rows.map(({ title, letters }) => [title, letters]))
}

/** All that is counted by cause against a count of the letters themselves. */
export async function countsAreRight(store: Store): Promise<void> {
  const { rows: letters } = await store.pool.query<{
    id: string
    cause: string
    state: string
    release: string | null
    host: string | null
    failed: string | null
    timestamp_ms: string | null
  }>(
    `select l.id, l.cause_id::text as cause, l.state::text, c.release, c.host, extract(epoch from c.last_failed_at) * 1000 as failed, c.timestamp_ms
       from letter l join letter_content c on c.id = l.id`,
  )
  const counted = await counts(store)
  const [ever, states, hours] = [new Counter(), new Counter(), new Counter()]
  const facets = new Counter()
  for (const letter of letters) {
    ever.add(letter.cause)
    states.add(`${letter.cause} ${letter.state}`)
    const diedMs = diedAtMs({
      id: letter.id,
      lastFailedAtMs: letter.failed === null ? null : Number(letter.failed),
      timestampMs: letter.timestamp_ms === null ? null : Number(letter.timestamp_ms),
    })
    hours.add(`${letter.cause} ${hourOfMs(diedMs)}`)
    for (const facet of ['release', 'host'] as const) {
      const value = letter[facet]
      if (value === null) continue
      const isNamed = counted.named.has(`${letter.cause} ${facet} ${value}`)
      facets.add(`${letter.cause} ${facet} ${isNamed ? value : '∅'}`)
    }
  }
  assert.deepEqual(counted.ever, ever.sorted(), 'letters of causes')
  assert.deepEqual(counted.states, states.sorted(), 'letters of causes by state')
  assert.deepEqual(counted.hours, hours.sorted(), 'letters of causes by hour')
  assert.deepEqual(counted.facets, facets.sorted(), 'letters of causes by release and host')
  const { rows: wrong } = await store.pool.query(
    `select l.id from letter l full join outstanding o on o.letter_id = l.id
      where (l.state in ('open', 'held', 'uncertain')) is distinct from (o.letter_id is not null)
         or o.letter_id is not null and (o.cause_id <> l.cause_id or o.state <> l.state or o.queue_id <> l.queue_id)`,
  )
  assert.deepEqual(wrong, [], 'outstanding letters')
  const { rows: homes } = await store.pool.query(
    'select letter_id from letter_home h join letter l on l.id = h.letter_id where h.cause_id = l.cause_id',
  )
  assert.deepEqual(homes, [], 'letters at home have no other one')
}

async function counts(store: Store) {
  const read = async (sql: string): Promise<readonly (readonly [string, number])[]> => {
    const { rows } = await store.pool.query<{ name: string; letters: string }>(sql)
    return rows.map(({ name, letters }) => [name, Number(letters)] as const)
  }
  const facets = await read(
    `select concat_ws(' ', cause_id, facet, coalesce(value, '∅')) as name, letters from cause_facet`,
  )
  return {
    ever: sorted(await read('select id::text as name, letters from cause')),
    states: sorted(
      await read(
        `select concat_ws(' ', id, state) as name, sum(letters) as letters from (
           select id, 'open'::letter_state as state, letters from cause union all select cause_id, state, letters from cause_change) n group by 1`,
      ),
    ),
    hours: sorted(
      await read(
        `select concat_ws(' ', cause_id, (extract(epoch from hour) * 1000)::bigint) as name, letters from cause_hour`,
      ),
    ),
    facets: sorted(facets),
    named: new Set(facets.map(([name]) => name)),
  }
}

function sorted(counted: readonly (readonly [string, number])[]): readonly (readonly [string, number])[] {
  return counted.filter(([, letters]) => letters !== 0).toSorted(([a], [b]) => (a < b ? -1 : 1))
}

class Counter {
  readonly #counts = new Map<string, number>()

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  sorted(): readonly (readonly [string, number])[] {
    return sorted([...this.#counts])
  }
}
