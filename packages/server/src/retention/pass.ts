import type { PoolClient } from 'pg'
import { type ArchivePlace, removeUnneeded } from '../archive/index.ts'
import { recordAudit } from '../audit/index.ts'
import type { RetentionPolicy } from '../config/index.ts'
import { showLetterId, showPassId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { archiveLetters } from './archive-letters.ts'
import { beginPass, type Pass, type Said } from './begin-pass.ts'
import { deleteLetters } from './delete-letters.ts'
import { reclaim } from './reclaim/reclaim.ts'
import { firstId } from './window.ts'

/**
 * One pass, if anything is due; and whatever an earlier one left behind. The caller is alone in retention.
 * @param options.onBegun told of a pass before its first letter ends
 * @throws as `beginPass` and `carryOutPass`
 */
export async function passOnce(
  store: Store,
  options: {
    readonly retention: RetentionPolicy
    readonly place: ArchivePlace | null
    readonly said?: Said | null
    readonly signal: AbortSignal
    readonly onBegun?: (pass: Pass) => void
  },
): Promise<void> {
  const { place, signal, onBegun } = options
  if (place !== null) await removeUnneeded(store, place)
  const pass = await beginPass(store, options)
  if (pass !== null) onBegun?.(pass)
  if (pass === null) await reclaim(store, { signal })
  else await carryOutPass(store, pass, { signal })
}

/**
 * Ends the letters of a pass, batch by batch, and gives their room back. What `signal` cuts off is for the next pass. Letters that become due meanwhile
 * are too: once as many have ended as were counted, younger ones are not looked at.
 */
export async function carryOutPass(
  store: Store,
  pass: Pass,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  try {
    let after: string | null = firstId
    let left = pass.toDelete
    while (after !== null && left > 0 && !signal.aborted) {
      const window = await deleteLetters(store, { policies: pass.policies, after, pass: pass.id })
      after = window.after
      left -= window.deleted
    }
    const damaged = await archiveAll(store, pass, signal)
    const freedBytes = signal.aborted ? 0 : await reclaim(store, { signal })
    const problem = damaged.length === 0 ? null : damageLine(damaged)
    await store.transaction((client) => finishPass(client, pass.id, { freedBytes, problem }))
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    await store.transaction((client) => finishPass(client, pass.id, { freedBytes: 0, problem })).catch(() => undefined)
    throw error
  }
}

/** @returns UUIDs of letters whose bytes have rotted here */
async function archiveAll(store: Store, pass: Pass, signal: AbortSignal): Promise<readonly string[]> {
  const { place } = pass
  const damaged: string[] = []
  let after: string | null = firstId
  let left = pass.toArchive
  while (place !== null && after !== null && left > 0 && !signal.aborted) {
    const window = await archiveLetters(store, { policies: pass.policies, after, pass: pass.id, place, signal })
    after = window.after
    left -= window.archived + window.damaged.length
    damaged.push(...window.damaged)
  }
  return damaged
}

function damageLine(damaged: readonly string[]): string {
  const named = damaged.slice(0, 3).map(showLetterId).join(', ')
  return `the bytes of ${damaged.length} letters are not those that were captured; they are not archived: ${named}`
}

/** Writes down how a pass ended, and into the audit trail what it did. */
export async function finishPass(
  client: PoolClient,
  id: string,
  { freedBytes, problem }: { readonly freedBytes: number; readonly problem: string | null },
): Promise<void> {
  const { rows } = await client.query<{ by: string; reason: string | null; deleted: number; archived: number }>(
    `update retention_pass set state = $2, finished_at = now(), freed_bytes = $3, problem = $4 where id = $1 and state = 'running'
     returning by, reason, deleted::float8, archived::float8`,
    [id, problem === null ? 'done' : 'failed', freedBytes, problem?.slice(0, 1_000).toWellFormed() ?? null],
  )
  const [pass] = rows
  if (pass === undefined || pass.deleted + pass.archived === 0) return
  await recordAudit(client, {
    actor: pass.by,
    action: 'letters.retention',
    target: showPassId(id),
    reason: pass.reason,
    details: { deleted: pass.deleted, archived: pass.archived },
  })
}
