import { randomUUID } from 'node:crypto'
import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { parseCauseId, parseRuleId, showCauseId } from '../../store/ids.ts'
import { maxName, said } from '../life/said.ts'
import { type CauseLine, causeLine, foundingAs } from './cause-line.ts'
import { type FieldName, fieldHelp, fieldOf } from './letter-to-place.ts'
import type { SaidRules } from './load-rules.ts'
import { parseMatchers } from './matcher.ts'
import { type CauseMove, type CauseRule, type Founding, maxMoves, maxRules } from './rule.ts'
import { ruleCauseKey, ruleParts, ruleVersion } from './rule-cause.ts'
import { checkTitle, oneLine, partOf } from './title.ts'

/** What somebody wants to be said about which letters belong together, or to be no longer said. Causes and rules as people see them. */
export type Change =
  | RuleChange
  | { readonly kind: 'merge'; readonly causes: readonly string[]; readonly into: string }
  | {
      readonly kind: 'split'
      readonly cause: string
      readonly where: readonly string[]
      readonly title?: string | undefined
    }
  | { readonly kind: 'remove'; readonly rule: string }

export interface RuleChange {
  readonly kind: 'rule'
  readonly name: string
  /** @default every queue */
  readonly queue?: string | undefined
  /** As `parseMatcher` reads them; all have to match. */
  readonly where: readonly string[]
  readonly title?: string | undefined
  /** One cause for each value of this field. */
  readonly per?: string | undefined
  /** Before the other rules. @default after them */
  readonly first?: boolean | undefined
}

/** What it comes to: the rules as they would be, and which letters they may concern. */
export interface Proposal {
  readonly after: SaidRules
  readonly over: 'cause' | 'queue'
  readonly ids: readonly string[]
  readonly made: CauseRule | CauseMove | null
  readonly removed: CauseRule | CauseMove | null
  /** The cause that a split makes. */
  readonly like: CauseLine | null
}

/** @throws REQUEST_INVALID, NOT_FOUND, STATE_CONFLICT */
export async function propose(client: PoolClient, now: SaidRules, change: Change): Promise<Proposal> {
  if (change.kind === 'rule') return proposeRule(client, now, change)
  if (change.kind === 'merge') return proposeMerge(client, now, change)
  if (change.kind === 'split') return proposeSplit(client, now, change)
  return proposeRemoval(client, now, parseRuleId(change.rule))
}

async function proposeRule(client: PoolClient, now: SaidRules, change: RuleChange): Promise<Proposal> {
  const made = ruleFrom(change, randomUUID())
  if (now.rules.length >= maxRules) throw tooMany(`${maxRules} rules`)
  if (now.rules.some(({ name }) => name === made.name))
    throw new RedriveError('STATE_CONFLICT', `There is a rule ${JSON.stringify(made.name)} already.`, {
      hint: 'Take it back first, or give this one another name: redrive rules list',
    })
  const rules = change.first === true ? [made, ...now.rules] : [...now.rules, made]
  const ids = await queuesOf(client, made.queue)
  return { after: { ...now, rules }, over: 'queue', ids, made, removed: null, like: null }
}

/** A rule that somebody wrote. @throws REQUEST_INVALID */
export function ruleFrom(change: Omit<RuleChange, 'kind'>, id: string): CauseRule {
  const name = said('name', change.name, 100)
  if (oneLine(name) !== name) throw wrong('The name is no plain line of text.', 'Take out what cannot be seen.')
  const { queue = null, where, title = null, per } = change
  const field = per === undefined ? null : fieldOf(per)
  if (per !== undefined && (field === null || field === 'frame' || field === 'message'))
    throw wrong(
      `There are no causes for each value of ${JSON.stringify(per.slice(0, 60))}.`,
      `Known are ${fieldHelp}, but not frame and message.`,
    )
  return {
    kind: 'rule',
    id,
    name,
    queue: queue === null ? null : said('queue', queue, 600),
    matchers: parseMatchers(atLeastOne(where)),
    title: title === null ? null : checkTitle(title),
    per: field as FieldName | null,
    values: new Set(),
    masked: new Map(),
  }
}

async function proposeMerge(
  client: PoolClient,
  now: SaidRules,
  change: { readonly causes: readonly string[]; readonly into: string },
): Promise<Proposal> {
  const target = await causeLine(client, change.into)
  const sources = [...new Set(change.causes.map((cause) => parseCauseId(cause).toString()))]
  if (sources.length === 0 || sources.length > 100)
    throw wrong('A merge is of 1 to 100 causes into another.', 'Name those whose letters are to move.')
  if (sources.includes(target.id))
    throw wrong('A cause cannot be merged into itself.', 'Leave it out of those that are merged.')
  for (const source of sources) {
    const cause = await causeLine(client, showCauseId(source))
    const differs = (['queue', 'consumer', 'tier'] as const).find((field) => cause[field] !== target[field])
    if (differs !== undefined)
      throw new RedriveError('REQUEST_INVALID', `The causes are not of one ${differs}: a replay acts on a cause.`, {
        hint: `Only causes of one queue, consumer and tier are merged; look at ${showCauseId(source)} and ${showCauseId(target.id)}.`,
      })
  }
  if (now.moves.length >= maxMoves) throw tooMany(`${maxMoves} merges and splits`)
  const made: CauseMove = { kind: 'merge', id: randomUUID(), matchers: [], sources, target: foundingAs(target) }
  const after = { ...now, moves: [...now.moves, made] }
  return { after, over: 'cause', ids: sources, made, removed: null, like: target }
}

async function proposeSplit(
  client: PoolClient,
  now: SaidRules,
  change: { readonly cause: string; readonly where: readonly string[]; readonly title?: string | undefined },
): Promise<Proposal> {
  const like = await causeLine(client, change.cause)
  const id = randomUUID()
  const scope = { queueId: like.queue_id, queue: like.queue, consumer: like.consumer, tier: like.tier }
  if (now.moves.length >= maxMoves) throw tooMany(`${maxMoves} merges and splits`)
  const target: Founding = {
    ...ruleCauseKey(id, scope, null),
    version: ruleVersion,
    basis: 'rule',
    parts: ruleParts(id, scope, null),
    title: change.title === undefined ? partOf(like.title) : oneLine(said('title', change.title, maxName)),
    errorClass: like.error_class,
    template: like.template,
    rule: id,
  }
  const matchers = parseMatchers(atLeastOne(change.where))
  const made: CauseMove = { kind: 'split', id, matchers, sources: [like.id], target }
  const after = { ...now, moves: [...now.moves, made] }
  return { after, over: 'cause', ids: [like.id], made, removed: null, like }
}

async function proposeRemoval(client: PoolClient, now: SaidRules, id: string): Promise<Proposal> {
  const removed = [...now.rules, ...now.moves].find((one) => one.id === id)
  if (removed === undefined) {
    const { rowCount } = await client.query('select from cause_rule where id = $1', [id])
    throw rowCount === 0
      ? new RedriveError('NOT_FOUND', 'There is no such rule.', { hint: 'List them: redrive rules list' })
      : new RedriveError('STATE_CONFLICT', 'It was taken back already.', {
          hint: 'List them: redrive rules list --all',
        })
  }
  const others = {
    rules: now.rules.filter((one) => one !== removed),
    moves: now.moves.filter((one) => one !== removed),
  }
  const ids =
    removed.kind === 'rule'
      ? reached(await causesOfRule(client, id), now.moves)
      : reached([removed.target.id], now.moves.slice(now.moves.indexOf(removed) + 1))
  return { after: { ...now, ...others }, over: 'cause', ids, made: null, removed, like: null }
}

/** Causes that letters of some causes may be led to by what was made later. */
function reached(causes: readonly string[], later: readonly CauseMove[]): readonly string[] {
  const found = new Set(causes)
  for (const { sources, target } of later) if (sources.some((source) => found.has(source))) found.add(target.id)
  return [...found]
}

export async function causesOfRule(client: PoolClient, rule: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>('select id from cause where rule_id = $1 order by id', [rule])
  return rows.map(({ id }) => id)
}

export async function queuesOf(client: PoolClient, queue: string | null): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>(
    'select id::text from queue where $1::text is null or name = $1 order by queue.id',
    [queue],
  )
  return rows.map(({ id }) => id)
}

function atLeastOne(where: readonly string[]): readonly string[] {
  if (where.length > 0) return where
  throw wrong('It says nothing about which letters.', 'Give at least one condition, as class=Timeout*')
}

const tooMany = (what: string): RedriveError =>
  new RedriveError('STATE_CONFLICT', `There are ${what} already, as many as count at a time.`, {
    hint: 'Take back what is no longer needed: redrive rules list',
  })

const wrong = (message: string, hint: string): RedriveError => new RedriveError('REQUEST_INVALID', message, { hint })
