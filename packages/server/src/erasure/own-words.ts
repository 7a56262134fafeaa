import type { PoolClient } from 'pg'
import { noticeChanges } from '../alerts/index.ts'
import { alertRuleNames, urgencies } from '../config/index.ts'
import { queryFields } from '../letters/index.ts'
import { patterns } from '../review/index.ts'

/**
 * Values that the office reads again: who sends letters chooses their keys, and a key that is such a word may not take it out of a plan or a notice
 * that waits. Alone in a value it says nothing about anybody. Names of queues are among them, and what the database calls its states and tiers.
 */
export async function ownWordsOf(client: PoolClient): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ word: string }>(
    'select enumlabel::text as word from pg_enum union select name from queue',
  )
  return new Set([...words(), ...rows.map(({ word }) => word)])
}

const bases = ['frames', 'message', 'reason', 'nothing', 'rule']
const judged = ['fine', 'partly', 'bad', 'unknown', 'never-looked-at', 'in-line', 'outcome-awaited']
const operations = ['add', 'remove', 'replace', 'move', 'copy', 'test', 'set']
const words = (): readonly string[] => [
  ...alertRuleNames,
  ...urgencies,
  ...noticeChanges,
  ...queryFields,
  ...bases,
  ...judged,
  ...patterns,
  ...operations,
  'any',
  'query',
  'letters',
]
