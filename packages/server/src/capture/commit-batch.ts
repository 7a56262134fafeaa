import type { Receipt } from '@redrive/worker'
import type pg from 'pg'
import type { CapsByQueue } from '../caps/index.ts'
import { recordTransfers } from '../ledger/index.ts'
import { holdRules } from '../store/cause-rules.ts'
import { insertShapes } from '../store/cause-shapes.ts'
import { addToCauses } from '../store/causes.ts'
import { insertHomes } from '../store/letter-homes.ts'
import { holdLetters, insertLinePlaces } from '../store/letter-lines.ts'
import { wereDeleted } from '../store/letters.ts'
import { insertReceipts } from '../store/receipts.ts'
import { movePositions, type PositionMove } from '../store/sources.ts'
import type { Store } from '../store/store.ts'
import { insertTraffic } from '../store/traffic.ts'
import { insertSamples } from '../store/traffic-samples.ts'
import { deleteUnsettled, insertUnsettled } from '../store/unsettled.ts'
import type { Batch, ReturnedLetter } from './batch.ts'
import { countWithinCaps } from './within-caps.ts'

/** What others do in the same transaction. */
export interface CaptureHooks {
  /** Receipts that are new: set the outcomes of the attempts they name. */
  readonly onReceipts?: (client: pg.PoolClient, receipts: readonly Receipt[]) => Promise<void>
  /** Letters that carry the id of a replay: it came back. */
  readonly onReturned?: (client: pg.PoolClient, letters: readonly ReturnedLetter[]) => Promise<void>
}

export interface CommitOptions {
  readonly sourceId: number
  readonly moves: readonly PositionMove[]
  /** Letters whose acknowledgement has arrived. */
  readonly settled: readonly string[]
  readonly hooks: CaptureHooks
  /** `null`: what comes is taken whatever its queues keep. */
  readonly caps: CapsByQueue | null
}

/** The rules have changed since letters of the batch were placed. Nothing was written. */
export class RulesMoved extends Error {}

/** A letter of the batch is one that was deleted. Nothing was written. */
export class WasDeleted extends Error {}

/**
 * Writes a batch in one transaction, by rules that nobody changes meanwhile, in this order whatever the batch holds: letters, receipts before returns, lines, causes, traffic, books, positions,
 * caps. Rows that many share (causes, positions, what queues keep) come last, so that their locks are short.
 * @returns ids of causes that are new
 * @throws PositionMoved, RulesMoved, WasDeleted, QueueFull
 */
export async function commitBatch(
  store: Store,
  batch: Batch,
  { sourceId, moves, settled, hooks, caps }: CommitOptions,
): Promise<readonly bigint[]> {
  return store.transaction(async (client) => {
    if (batch.rulesVersions.size > 0) {
      const version = Number(await holdRules(client))
      if (batch.rulesVersions.size > 1 || !batch.rulesVersions.has(version)) throw new RulesMoved()
    }
    await batch.rows.insert(client)
    if (await wereDeleted(client, sourceId, batch.span)) throw new WasDeleted()
    await insertHomes(client, batch.homes)
    await insertUnsettled(client, sourceId, batch.unsettled)
    if (settled.length > 0) await deleteUnsettled(client, sourceId, settled)
    if (batch.receipts.length > 0) {
      const receipts = await insertReceipts(client, batch.receipts)
      if (receipts.length > 0) await hooks.onReceipts?.(client, receipts)
    }
    if (batch.returned.length > 0) await hooks.onReturned?.(client, batch.returned)
    const held = batch.lines.filter(({ isHeld }) => isHeld)
    await insertLinePlaces(client, batch.lines)
    await holdLetters(
      client,
      held.map(({ letterId }) => letterId),
    )
    const made = batch.causes.size > 0 ? await addToCauses(client, [...batch.causes.values()]) : []
    await insertShapes(client, batch.shapes)
    if (batch.reports.length > 0) await insertSamples(client, await insertTraffic(client, batch.reports))
    await recordTransfers(
      client,
      [...batch.queues].map(([queueId, { letters }]) => ({
        queueId,
        from: 'source',
        to: 'open',
        letters,
        what: 'captured',
      })),
    )
    await recordTransfers(
      client,
      [...Map.groupBy(held, ({ queueId }) => queueId)].map(([queueId, { length: letters }]) => ({
        queueId,
        from: 'open',
        to: 'held',
        letters,
        what: 'captured',
      })),
    )
    await movePositions(client, sourceId, moves)
    await countWithinCaps(client, batch, { sourceId, caps })
    return made
  })
}

/** Whether an earlier try took effect after all: its answer may have been lost with the connection. */
export async function wasCommitted(store: Store, batch: Batch): Promise<boolean> {
  const first = batch.letters[0]
  if (first === undefined) return false
  const { rows } = await store.pool.query('select 1 from letter where id = $1', [first.idText])
  return rows.length > 0
}
