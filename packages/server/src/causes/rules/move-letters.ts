import type { PoolClient } from 'pg'
import { showRuleId } from '../../store/ids.ts'
import { insertHomes } from '../../store/letter-homes.ts'
import { follow } from './follow-watches.ts'
import { foundCauses } from './found-causes.ts'
import { goalOf, type Move } from './move.ts'
import { moveCounts } from './move-counts.ts'

/** What letters are moved for. */
export interface WhyMoved {
  /** UUID of the rule, and the number of the regrouping. */
  readonly rule: string
  readonly regrouping: string
  /** Who said it, or took it back. */
  readonly by: string
  /** Of merges and splits the histories of their causes tell already. */
  readonly isRule: boolean
}

/**
 * Moves letters from cause to cause within the caller's transaction: all that is counted by cause goes with them, and nothing else of a letter
 * changes: neither state nor revision nor books. Letters are locked before causes, as by everybody, each in the order of ids.
 */
export async function moveLetters(client: PoolClient, moves: readonly Move[], why: WhyMoved): Promise<void> {
  if (moves.length === 0) return
  const ids = moves.map(({ letter }) => letter.id)
  await client.query('select from letter where id = any($1::uuid[]) order by id for no key update', [ids])
  await foundCauses(client, moves)
  const causes = [...new Set(moves.flatMap((move) => [move.letter.cause, goalOf(move)]))]
  await client.query('select from cause where id = any($1::bigint[]) order by id for no key update', [causes])
  await keepHomes(client, moves)
  await client.query({
    name: 'move-letters',
    text: `update letter l set cause_id = m.cause_id from unnest($1::uuid[], $2::bigint[]) as m (id, cause_id) where l.id = m.id`,
    values: [ids, moves.map(goalOf)],
  })
  await moveCounts(client, moves)
  await follow(client, moves)
  if (why.isRule) await tellCauses(client, moves, why)
}

/** Once for each cause that letters come to: somebody who knows of them led them there. */
async function tellCauses(
  client: PoolClient,
  moves: readonly Move[],
  { rule, regrouping, by }: WhyMoved,
): Promise<void> {
  await client.query(
    `insert into cause_event (cause_id, revision, actor, what, was, became, details)
     select c.id, c.revision, $2, 'gather', c.state, c.state, jsonb_build_object('rule', $3::text, 'regrouping', $4::bigint) from cause c
      where c.id = any($1::bigint[]) and not exists (
        select from cause_event e where e.cause_id = c.id and e.what = 'gather' and e.details @> jsonb_build_object('regrouping', $4::bigint))`,
    [[...new Set(moves.map(goalOf))], by, showRuleId(rule), regrouping],
  )
}

async function keepHomes(client: PoolClient, moves: readonly Move[]): Promise<void> {
  const away = moves.filter((move) => goalOf(move) !== move.letter.home)
  const back = moves.filter((move) => goalOf(move) === move.letter.home)
  await insertHomes(
    client,
    away.map(({ letter }) => ({ letterId: letter.id, causeId: BigInt(letter.home) })),
  )
  if (back.length > 0)
    await client.query('delete from letter_home where letter_id = any($1::uuid[])', [
      back.map(({ letter }) => letter.id),
    ])
}
