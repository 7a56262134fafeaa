import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Change, changeRules, createRegrouper, listCauses } from '../src/causes/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import type { Store } from '../src/store/store.ts'
import { type DeadLetter, type OfficeBed, officeBed } from './office-bed.ts'
import { countsAreRight, grouped, regrouped } from './regroup-bed.ts'

const tenants = ['acme', 'zeta', 'beta'] as const

/** `which` stands for one of those that are there. */
type Step =
  | {
      readonly do: 'capture'
      readonly letters: readonly { readonly kind: number; readonly tenant: number; readonly release: number }[]
    }
  | { readonly do: 'merge'; readonly from: number; readonly into: number }
  | { readonly do: 'split'; readonly which: number; readonly tenant: number }
  | { readonly do: 'rule'; readonly kind: number; readonly per: boolean; readonly first: boolean }
  | { readonly do: 'undo'; readonly which: number }
  | { readonly do: 'discard'; readonly which: number }
  | { readonly do: 'regroup'; readonly steps: number; readonly maxLetters: number }

const number = fc.nat({ max: 1_000 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('capture' as const),
      letters: fc.array(
        fc.record({ kind: fc.nat({ max: 3 }), tenant: fc.nat({ max: 2 }), release: fc.nat({ max: 40 }) }),
        {
          minLength: 1,
          maxLength: 6,
        },
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('merge' as const), from: number, into: number }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('split' as const), which: number, tenant: fc.nat({ max: 2 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('rule' as const),
      kind: fc.nat({ max: 3 }),
      per: fc.boolean(),
      first: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('undo' as const), which: number }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('discard' as const), which: number }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('regroup' as const),
      steps: fc.nat({ max: 4 }),
      maxLetters: fc.integer({ min: 1, max: 5 }),
    }),
  },
)

const deadLetter = (kind: number, tenant: number, release: number): DeadLetter => ({
  errorClass: `Kind${kind}`,
  error: `failed as ${'abcd'[kind]}`,
  release: `1.${release}.0`,
  host: `web-${release % 7}`,
  tier: kind === 3 ? 'permanent' : 'transient',
  headers: [{ name: 'tenant', value: Buffer.from(tenants[tenant] ?? '') }],
})

async function pick(store: Store, which: number): Promise<string | undefined> {
  const { causes } = await listCauses(store, { limit: 500, emptied: true })
  const sorted = causes.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  return sorted[which % Math.max(1, sorted.length)]?.id
}

async function activeRules(store: Store): Promise<readonly string[]> {
  const { rows } = await store.pool.query<{ id: string }>(
    'select id from cause_rule where removed_at is null order by number',
  )
  return rows.map(({ id }) => showLetterId(id).replace('l_', 'g_'))
}

let named = 0

async function change(store: Store, what: Change): Promise<void> {
  try {
    await changeRules(store, { change: what, by: 'ann', reason: 'test' })
  } catch (error) {
    // Causes of two tiers, or one into itself: refused, and nothing is done.
    assert.equal((error as { code?: string }).code, 'REQUEST_INVALID', String(error))
  }
}

async function carryOut(bed: OfficeBed, one: Step): Promise<void> {
  const { store } = bed
  if (one.do === 'capture')
    await bed.captured(...one.letters.map(({ kind, tenant, release }) => deadLetter(kind, tenant, release)))
  if (one.do === 'merge') {
    const [from, into] = [await pick(store, one.from), await pick(store, one.into)]
    if (from !== undefined && into !== undefined) await change(store, { kind: 'merge', causes: [from], into })
  }
  if (one.do === 'split') {
    const cause = await pick(store, one.which)
    const where = [`header:tenant=${tenants[one.tenant]}`]
    if (cause !== undefined) await change(store, { kind: 'split', cause, where, title: `part ${(named += 1)}` })
  }
  if (one.do === 'rule')
    await change(store, {
      kind: 'rule',
      name: `rule ${(named += 1)}`,
      where: [`class=Kind${one.kind}`],
      first: one.first,
      ...(one.per ? { per: 'header:tenant' } : {}),
    })
  if (one.do === 'undo') {
    const rules = await activeRules(store)
    const rule = rules[one.which % Math.max(1, rules.length)]
    if (rule !== undefined) await change(store, { kind: 'remove', rule })
  }
  if (one.do === 'discard') {
    const { rows } = await store.pool.query<{ id: string }>(`select id from letter where state = 'open' order by id`)
    const id = rows[one.which % Math.max(1, rows.length)]?.id
    if (id === undefined) return
    const selection = { letters: [showLetterId(id)] }
    await discardLetters(store, { selection, reason: 'test', by: 'ann', nowMs: Date.now() })
  }
  if (one.do === 'regroup') {
    const before = await entries(store)
    const regrouper = createRegrouper(store)
    for (let n = 0; n < one.steps; n++) await regrouper.step({ maxLetters: one.maxLetters })
    assert.equal(await entries(store), before, 'regrouping writes nothing into the books')
  }
}

async function entries(store: Store): Promise<string> {
  const { rows } = await store.pool.query<{ hash: string }>(
    `select md5(coalesce(string_agg(e::text, '|' order by id), '')) as hash from ledger_entry e`,
  )
  return rows[0]?.hash ?? ''
}

async function homes(store: Store): Promise<readonly unknown[]> {
  const { rows } = await store.pool.query(
    `select c.error_class, c.tier::text, count(*)::int as letters, count(distinct l.cause_id)::int as causes
       from letter l join letter_content c0 on c0.id = l.id join cause c on c.id = l.cause_id group by 1, 2 order by 1, 2`,
  )
  return rows
}

test('whatever is captured, ruled, merged, split, discarded and taken back in between: every count by cause is a count of letters', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  const seed = Number(process.env['SEED'] ?? 5)
  const sequences = fc.sample(fc.array(step, { minLength: 12, maxLength: 30 }), { seed, numRuns: 6 })
  for (const [index, sequence] of sequences.entries()) {
    const label = `seed ${seed}, sequence ${index}`
    await bed.captured(deadLetter(0, 0, 0), deadLetter(1, 1, 1))
    for (const one of sequence) {
      await carryOut(bed, one)
      await countsAreRight(store)
    }
    await bed.balanced()
    await regrouped(store, 3)
    await countsAreRight(store)
    // What capture does by the rules as they are is what regrouping came to.
    const where = await grouped(store)
    await bed.captured(deadLetter(0, 0, 1), deadLetter(1, 1, 1), deadLetter(2, 2, 1))
    await store.pool.query(
      `insert into regrouping (rule_id, what, over, ids, until)
       select id, 'order', 'queue', array(select queue.id::bigint from queue), 'ffffffff-ffff-ffff-ffff-ffffffffffff' from cause_rule limit 1`,
    )
    await regrouped(store)
    assert.equal(sum(await grouped(store)), sum(where) + 3, label)
    const { rows } = await store.pool.query('select moved from regrouping order by id desc limit 1')
    assert.deepEqual(rows, [{ moved: '0' }], `all letters were where the rules want them: ${label}`)
    for (const rule of (await activeRules(store)).toReversed()) await change(store, { kind: 'remove', rule })
    await regrouped(store, 7)
    await countsAreRight(store)
    assert.equal((await store.pool.query('select from letter_home')).rowCount, 0, `all are at home again: ${label}`)
    for (const row of await homes(store)) assert.equal((row as { causes: number }).causes, 1, label)
    await bed.balanced()
  }
})

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0)
