import type { Clock, Delivery, Subscription } from '@redrive/worker'
import type { DiskWatch } from '../store/disk.ts'
import { Batch, type BatchLimits } from './batch.ts'
import { type CommitContext, commitSurely } from './commit-surely.ts'
import { type FillContext, fillBatch } from './fill-batch.ts'
import type { Pauses } from './pauses.ts'
import type { Settler } from './settler.ts'

export interface ReadOptions {
  readonly subscription: Subscription
  readonly fill: FillContext
  readonly commit: CommitContext
  readonly settling: Settler
  readonly limits: BatchLimits
  readonly paused: Pauses
  readonly disk?: DiskWatch
  readonly clock: Clock
  readonly isStopping: () => boolean
}

/** How long a call for letters lasts: short while there is something to write. */
const waitMs = { busy: 5, idle: 500 } as const
const diskWaitMs = 500
/** While the database is away, what is in hand stays ours where the broker leases it. A lease that is lost all the same ends in a duplicate. */
const heldForMs = 60_000

/**
 * Reads a subscription until capture stops: one batch is filled while the one before it is on its way to the database.
 * @throws PositionMoved, QueueFull, Stopped, and what the subscription throws
 */
export async function readAll(options: ReadOptions): Promise<void> {
  const { subscription, limits, settling, isStopping } = options
  let filling = new Batch()
  let spare = new Batch()
  let underWay: Promise<void> | undefined
  let failure: { readonly error: unknown } | undefined

  const ready = async (): Promise<void> => {
    await underWay
    if (failure !== undefined) throw failure.error
  }

  async function flush(): Promise<void> {
    await ready()
    const batch = filling
    filling = spare
    spare = batch
    underWay = write(options, batch)
      .catch((error: unknown) => {
        failure = { error }
      })
      .finally(() => {
        underWay = undefined
      })
  }

  const holding = setInterval(() => {
    const deliveries = [...filling.deliveries, ...spare.deliveries]
    if (deliveries.length > 0) void subscription.extend(deliveries, heldForMs).catch(() => undefined)
  }, heldForMs / 4)
  try {
    while (failure === undefined && !(isStopping() && filling.size === 0)) {
      const deliveries = await take()
      for (let at = 0; at < deliveries.length; ) {
        const part = partOf(deliveries.slice(at), {
          maxLetters: limits.maxLetters - filling.size,
          maxBytes: limits.maxBytes - filling.deliveredBytes,
        })
        at += part.length
        await fillBatch(options.fill, filling, { deliveries: part, others: underWay === undefined ? [] : [spare] })
        if (filling.isFull(limits)) await flush()
      }
      if (filling.size > 0 && (underWay === undefined || isStopping())) await flush()
      else if (deliveries.length === 0 && underWay === undefined) await settling.flush()
    }
  } finally {
    await underWay
    clearInterval(holding)
  }
  await ready()

  async function take(): Promise<readonly Delivery[]> {
    if (isStopping()) return []
    await diskHasSpace(options)
    const busy = underWay !== undefined || filling.size > 0
    return subscription.next({
      maxMessages: limits.maxLetters - filling.size,
      waitMs: busy ? waitMs.busy : waitMs.idle,
    })
  }
}

async function write({ commit, settling, subscription }: ReadOptions, batch: Batch): Promise<void> {
  const deliveries = batch.deliveries
  const letterIds = [...batch.unsettled.map(({ letterId }) => letterId), ...batch.again]
  await commitSurely(commit, batch)
  settling.ack(subscription, deliveries, letterIds)
  batch.reset()
}

/** As many from the front as there is room for, at least one. */
function partOf(deliveries: readonly Delivery[], room: BatchLimits): readonly Delivery[] {
  let bytes = 0
  let count = 0
  for (const delivery of deliveries) {
    bytes += delivery.bytes
    if (count > 0 && (count >= room.maxLetters || bytes > room.maxBytes)) break
    count++
  }
  return deliveries.slice(0, count)
}

async function diskHasSpace({ disk, paused, clock, isStopping }: ReadOptions): Promise<void> {
  if (disk === undefined) return
  for (let free = await disk.shortage(); free !== null && !isStopping(); free = await disk.shortage()) {
    paused.onPaused(
      'disk',
      `${Math.floor(free / 1024 / 1024)} MiB are free on the disk of the database: letters stay at the source until there is more`,
    )
    await clock.sleep(diskWaitMs)
  }
  paused.onResumed('disk')
}
