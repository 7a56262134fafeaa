import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../../audit/index.ts'
import { lockRules, raiseRulesVersion } from '../../store/cause-rules.ts'
import { storableJson } from '../../store/copy-binary.ts'
import { showCauseId, showRuleId } from '../../store/ids.ts'
import type { Store } from '../../store/store.ts'
import { lockCause, writeChange } from '../life/change.ts'
import { maxReason, said } from '../life/said.ts'
import { readRules } from './load-rules.ts'
import { type Preview, previewOf } from './preview.ts'
import { type Change, type Proposal, propose } from './propose.ts'
import type { CauseMove, CauseRule } from './rule.ts'
import { insertRule, markRemoved, matcherText, startRegrouping } from './write-rules.ts'

export interface ChangeRequest {
  readonly change: Change
  readonly by: string
  readonly reason: string
  /** Letters the caller believes would move: with another number nothing is done. */
  readonly expect?: number | undefined
  /** As of a preview. */
  readonly maxLooked?: number
}

/**
 * Makes a rule, a merge or a split, or takes one back. New letters go by it from the commit on; those that are there are moved in the background.
 * @returns the rule's id as people see it, and what it was to move
 * @throws REQUEST_INVALID, NOT_FOUND, STATE_CONFLICT
 */
export async function changeRules(
  store: Store,
  { change, by, reason, expect, maxLooked }: ChangeRequest,
): Promise<{ readonly id: string; readonly preview: Preview }> {
  const actor = said('name', by, 300)
  const why = said('reason', reason, maxReason)
  // Before the rules are locked: looking takes a while, and captures would wait.
  const { preview, version } = await look(store, change, maxLooked)
  if (expect !== undefined) checkExpected(preview, expect)
  return store.transaction(async (client) => {
    await lockRules(client)
    const now = await readRules(client)
    if (expect !== undefined && now.version !== version) throw changedMeanwhile()
    const proposal = await propose(client, now, change)
    const id = await write(client, proposal, {
      by: actor,
      why,
      isFirst: change.kind === 'rule' && change.first === true,
    })
    return { id: showRuleId(id), preview }
  })
}

async function look(
  store: Store,
  change: Change,
  maxLooked: number | undefined,
): Promise<{ readonly preview: Preview; readonly version: number }> {
  return store.transaction(
    async (client) => {
      const now = await readRules(client)
      return { preview: await previewOf(client, await propose(client, now, change), maxLooked), version: now.version }
    },
    { isolation: 'repeatable read', readOnly: true },
  )
}

interface Words {
  readonly by: string
  readonly why: string
  readonly isFirst: boolean
}

async function write(client: PoolClient, proposal: Proposal, words: Words): Promise<string> {
  const { made, removed, over, ids } = proposal
  const id = made === null ? await takeBack(client, removed, words) : await make(client, { proposal, made, words })
  await startRegrouping(client, { rule: id, what: made === null ? 'remove' : 'add', over, ids })
  await raiseRulesVersion(client)
  return id
}

async function make(
  client: PoolClient,
  {
    proposal,
    made,
    words,
  }: { readonly proposal: Proposal; readonly made: CauseRule | CauseMove; readonly words: Words },
): Promise<string> {
  if (made.kind === 'split') await foundSplit(client, proposal, made)
  await insertRule(client, made, { ...words, file: null, place: words.isFirst ? 'first' : 'last' })
  if (made.kind !== 'rule') await tellCauses(client, made, { ...words, action: made.kind })
  await recordAudit(client, {
    actor: words.by,
    action: `causes.${made.kind}`,
    target: showRuleId(made.id),
    reason: words.why,
    details:
      made.kind === 'rule'
        ? { name: made.name, queue: made.queue, where: made.matchers.map(matcherText), per: made.per }
        : {
            causes: made.sources.map(showCauseId),
            into: showCauseId(made.target.id),
            where: made.matchers.map(matcherText),
          },
  })
  return made.id
}

async function takeBack(
  client: PoolClient,
  removed: CauseRule | CauseMove | null,
  { by, why }: Words,
): Promise<string> {
  if (removed === null) throw new Error('nothing to take back')
  const { rows } = await client.query<{ origin: string; file: string | null }>(
    'select origin, file from cause_rule where id = $1 for update',
    [removed.id],
  )
  if (rows[0]?.origin === 'file')
    throw new RedriveError('STATE_CONFLICT', 'The configuration says this rule.', {
      hint: `Take it out of ${rows[0].file ?? 'the file'} and start the office again.`,
    })
  await markRemoved(client, removed.id, { by, why })
  if (removed.kind !== 'rule') await tellCauses(client, removed, { by, why, action: 'undo' })
  const details = removed.kind === 'rule' ? { name: removed.name } : { kind: removed.kind }
  await recordAudit(client, { actor: by, action: 'causes.undo', target: showRuleId(removed.id), reason: why, details })
  return removed.id
}

/** The part's cause is there at once, open and empty: somebody knows of it. */
async function foundSplit(client: PoolClient, { like }: Proposal, { id, target }: CauseMove): Promise<void> {
  await client.query(
    `insert into cause (id, queue_id, consumer, tier, state, title, error_class, template, fingerprint_version, fingerprint_key, basis, parts, rule_id,
                        owner, first_seen, last_seen, sample_letter, first_letter)
     select $2, queue_id, consumer, tier, 'open', $3, error_class, template, $4, decode($5, 'hex'), $6, $7, $8, owner, last_seen, last_seen, sample_letter, first_letter
       from cause where id = $1`,
    [like?.id, target.id, target.title, target.version, target.key, target.basis, storableJson(target.parts), id],
  )
}

/** In the history of each cause that a merge or a split is about: both stay readable. */
async function tellCauses(
  client: PoolClient,
  { id, sources, target }: CauseMove,
  { by, why, action }: { readonly by: string; readonly why: string; readonly action: 'merge' | 'split' | 'undo' },
): Promise<void> {
  const all = [...new Set([...sources, target.id])].toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
  for (const each of all) {
    const cause = await lockCause(client, each)
    if (cause === null) continue
    const details =
      each === target.id
        ? { rule: showRuleId(id), from: sources.map(showCauseId) }
        : { rule: showRuleId(id), into: showCauseId(target.id) }
    await writeChange(client, cause, { action, said: why, by, work: async () => details })
  }
}

function checkExpected({ letters, isExact, looked, of }: Preview, expect: number): void {
  if (!isExact)
    throw new RedriveError('STATE_CONFLICT', `Only ${looked} of ${of} letters were looked at, the newest.`, {
      hint: 'What would move is not known exactly; leave out what you expect.',
      data: { letters, looked, of },
    })
  if (letters === expect) return
  throw new RedriveError('STATE_CONFLICT', `It would move ${letters} letters, not ${expect}.`, {
    hint: 'Look again at what would move.',
    data: { letters, expected: expect },
  })
}

const changedMeanwhile = (): RedriveError =>
  new RedriveError('STATE_CONFLICT', 'The rules changed meanwhile.', { hint: 'Look again at what would move.' })
