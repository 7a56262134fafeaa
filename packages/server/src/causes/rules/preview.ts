import type { PoolClient } from 'pg'
import { showCauseId, showLetterId } from '../../store/ids.ts'
import type { Store } from '../../store/store.ts'
import { countLetters } from '../count-letters.ts'
import { readRules } from './load-rules.ts'
import { goalOf, type Move } from './move.ts'
import { type Change, type Proposal, propose } from './propose.ts'
import { readLetters, type StoredLetter } from './read-letters.ts'
import { judge } from './regroup.ts'
import { maxValues } from './rule.ts'
import { ruleSet } from './rule-set.ts'

/** What a change would move. Nothing is done. */
export interface Preview {
  /** Letters that would move, of those looked at. */
  readonly letters: number
  readonly looked: number
  /** Letters it may concern. */
  readonly of: number
  /** All of them were looked at; else the newest of each cause or queue. */
  readonly isExact: boolean
  /** Of those looked at: they no longer hold what a rule asks about, and stay where they are. */
  readonly unjudged: number
  /** Causes with letters, of those looked at: now and then. */
  readonly causesBefore: number
  readonly causesAfter: number
  /** The most letters first, at most fifty. */
  readonly moves: readonly PreviewMove[]
}

export interface PreviewMove {
  readonly from: { readonly cause: string; readonly title: string }
  /** `cause` is `null` where it is still to be made. */
  readonly to: { readonly cause: string | null; readonly title: string }
  readonly letters: number
  readonly states: Readonly<Record<string, number>>
  /** `l_…`, at most five. */
  readonly samples: readonly string[]
}

/** Letters that are looked at one by one; and for how long. */
const defaultLooked = 20_000
const maxMs = 5_000
const pageSize = 1_000
const maxShown = 50

/** @param options.maxLooked letters that are looked at one by one. @default 20,000 */
export async function previewChange(
  store: Store,
  change: Change,
  options: { readonly maxLooked?: number } = {},
): Promise<Preview> {
  return store.transaction(
    async (client) => {
      const now = await readRules(client)
      return previewOf(client, await propose(client, now, change), options.maxLooked)
    },
    { isolation: 'repeatable read', readOnly: true },
  )
}

export async function previewOf(
  client: PoolClient,
  proposal: Proposal,
  maxLooked: number = defaultLooked,
): Promise<Preview> {
  return proposal.made?.kind === 'merge' ? ofMerge(client, proposal) : byReading(client, proposal, maxLooked)
}

/** All letters of its causes move: counted, not read. */
async function ofMerge(client: PoolClient, { ids, made }: Proposal): Promise<Preview> {
  const target = made?.kind === 'merge' ? made.target : null
  const all = [...ids, ...(target === null ? [] : [target.id])]
  const counts = await countLetters(client, all)
  const { rows } = await client.query<{ id: string; title: string; samples: readonly string[] }>(
    `select c.id, c.title, array(select l.id::text from letter l where l.cause_id = c.id order by l.id desc limit 5) as samples
       from cause c where c.id = any($1::bigint[])`,
    [ids],
  )
  const moves = rows.flatMap(({ id, title, samples }) => {
    const states = counts.get(id) ?? {}
    const letters = sum(states)
    const to = { cause: showCauseId(target?.id ?? id), title: target?.title ?? title }
    const from = { cause: showCauseId(id), title }
    return letters === 0 ? [] : [{ from, to, letters, states, samples: samples.map(showLetterId) }]
  })
  const letters = moves.reduce((total, move) => total + move.letters, 0)
  const before = all.filter((id) => sum(counts.get(id) ?? {}) > 0).length
  return {
    letters,
    looked: letters,
    of: letters,
    isExact: true,
    unjudged: 0,
    causesBefore: before,
    causesAfter: Math.min(1, before),
    moves: moves.toSorted((a, b) => b.letters - a.letters).slice(0, maxShown),
  }
}

/** The newest of each cause or queue, as many of one as of the other, as long as there are so many. */
async function byReading(client: PoolClient, proposal: Proposal, maxLooked: number): Promise<Preview> {
  const { ids } = proposal
  const of = await countAll(client, proposal)
  const endMs = performance.now() + maxMs
  const place = placing(proposal)
  const seen = { looked: 0, unjudged: 0, before: new Set<string>(), after: new Set<string>() }
  const moves: Move[] = []
  let isCut = false
  for (const [at, id] of ids.entries()) {
    let left = Math.floor((maxLooked - seen.looked) / (ids.length - at))
    let before: string | undefined
    for (;;) {
      if (left === 0 || performance.now() > endMs) {
        isCut = true
        break
      }
      const limit = Math.min(pageSize, left)
      const from = { over: proposal.over, id, limit, ...(before === undefined ? {} : { before }) }
      const letters = await readLetters(client, place.rules, from)
      const judged = place.judge(letters)
      const goals = new Map(judged.moves.map((move) => [move.letter.id, goalOf(move)]))
      for (const letter of letters) {
        seen.before.add(letter.cause)
        seen.after.add(goals.get(letter.id) ?? letter.cause)
      }
      moves.push(...judged.moves)
      seen.looked += letters.length
      seen.unjudged += judged.unjudged
      left -= letters.length
      before = letters[0]?.id
      if (letters.length < limit) break
    }
  }
  return {
    letters: moves.length,
    looked: seen.looked,
    of: Math.max(of, seen.looked),
    isExact: !isCut || seen.looked >= of,
    unjudged: seen.unjudged,
    causesBefore: seen.before.size,
    causesAfter: seen.after.size,
    moves: await shown(client, moves),
  }
}

/** As the job would place them; values that are new get causes of their own here as there, as long as there is room. */
function placing({ after }: Proposal) {
  const values = new Map(after.rules.map(({ id, values: known }) => [id, new Set(known)]))
  const rules = ruleSet({
    ...after,
    rules: after.rules.map((rule) => ({ ...rule, values: values.get(rule.id) ?? new Set() })),
  })
  return {
    rules,
    judge(letters: readonly StoredLetter[]) {
      for (;;) {
        const judged = judge(rules, letters)
        if (!('value' in judged)) return judged
        const known = values.get(judged.rule)
        if (known === undefined || known.size >= maxValues) return { moves: [], unjudged: 0 }
        known.add(judged.value)
      }
    },
  }
}

async function countAll(client: PoolClient, { over, ids }: Proposal): Promise<number> {
  const { rows } = await client.query<{ letters: string }>(
    `select coalesce(sum(letters), 0) as letters from cause where ${over === 'cause' ? 'id' : 'queue_id'} = any($1::bigint[])`,
    [ids],
  )
  return Number(rows[0]?.letters ?? 0)
}

async function shown(client: PoolClient, moves: readonly Move[]): Promise<readonly PreviewMove[]> {
  const groups = [...Map.groupBy(moves, (move) => `${move.letter.cause} ${goalOf(move)}`).values()]
    .toSorted((a, b) => b.length - a.length)
    .slice(0, maxShown)
  const ids = groups.flatMap(([move]) => (move === undefined ? [] : [move.letter.cause, goalOf(move)]))
  const { rows } = await client.query<{ id: string; title: string }>(
    'select id, title from cause where id = any($1::bigint[])',
    [ids],
  )
  const titles = new Map(rows.map(({ id, title }) => [id, title]))
  return groups.flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const [from, to] = [first.letter.cause, goalOf(first)]
    const states: Record<string, number> = {}
    for (const { letter } of group) states[letter.state] = (states[letter.state] ?? 0) + 1
    return [
      {
        from: { cause: showCauseId(from), title: titles.get(from) ?? '' },
        to: { cause: titles.has(to) ? showCauseId(to) : null, title: titles.get(to) ?? first.to?.title ?? '' },
        letters: group.length,
        states,
        samples: group.slice(-5).map(({ letter }) => showLetterId(letter.id)),
      },
    ]
  })
}

const sum = (states: Readonly<Record<string, number>>): number =>
  Object.values(states).reduce((total, letters) => total + letters, 0)
