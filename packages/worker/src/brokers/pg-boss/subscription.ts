import type { BrokerTrouble, Delivery, ReceiveOptions, Settlement, Subscription } from '../../broker.ts'
import { systemClock } from '../../clock.ts'
import { messageBytes } from '../../message.ts'
import type { Claim, JobLike } from './client.ts'
import { messageOf } from './envelope.ts'
import type { Jobs } from './jobs.ts'
import { isRefused } from './outcome-of-error.ts'

export interface SubscriptionOptions {
  readonly place: string
  readonly name: string
  readonly receive: ReceiveOptions
  readonly leaseMs: number
  readonly minPollMs: number
  readonly maxPollMs: number
}

/** How many jobs are claimed at once as long as nobody knows how large they are. */
const firstBatch = 16

/**
 * Polls one queue. A job is claimed, and the claim renewed as long as it is in flight here; claims that are not renewed any more are
 * taken back by whoever reads the queue.
 */
export class PgBossSubscription implements Subscription {
  readonly #jobs: Jobs
  readonly #options: SubscriptionOptions
  readonly #stop: AbortController = new AbortController()
  /** Claimed, but more bytes than may be in flight. */
  readonly #ready: Delivery[] = []
  readonly #claims: Map<Delivery, Claim> = new Map()
  readonly #timer: NodeJS.Timeout
  #bytesOut = 0
  #averageBytes = 0
  #pollMs: number
  #isDown = false
  #isTending = false
  #closing: Promise<void> | undefined

  constructor(jobs: Jobs, options: SubscriptionOptions) {
    this.#jobs = jobs
    this.#options = options
    this.#pollMs = options.minPollMs
    this.#timer = setInterval(() => void this.#tend(), options.leaseMs / 4)
    this.#timer.unref()
  }

  async next({
    maxMessages,
    waitMs,
  }: {
    readonly maxMessages: number
    readonly waitMs: number
  }): Promise<readonly Delivery[]> {
    const endMs = performance.now() + waitMs
    for (;;) {
      if (this.#closing !== undefined) return []
      const taken = await this.#take(maxMessages)
      const leftMs = endMs - performance.now()
      if (taken.length > 0) this.#pollMs = this.#options.minPollMs
      if (taken.length > 0 || leftMs <= 0) return taken
      await systemClock.sleep(Math.min(this.#pollMs, leftMs), this.#stop.signal)
      this.#pollMs = Math.min(this.#options.maxPollMs, this.#pollMs * 1.25)
    }
  }

  async settle(deliveries: readonly Delivery[], settlement: Settlement): Promise<void> {
    const claims = deliveries.flatMap((delivery) => this.#forget(delivery))
    if (claims.length === 0) return
    const { name } = this.#options
    if (settlement.kind === 'ack') await this.#persist(() => this.#jobs.complete(name, claims))
    else await this.#persist(() => this.#jobs.release(name, claims, settlement.delayMs))
  }

  async extend(deliveries: readonly Delivery[]): Promise<void> {
    const claims = deliveries.flatMap((delivery) => this.#claims.get(delivery) ?? [])
    if (claims.length > 0) await this.#attempt(() => this.#jobs.keep(this.#options.name, claims))
  }

  close(settled?: Promise<unknown>): Promise<void> {
    this.#closing ??= this.#close(settled)
    return this.#closing
  }

  /** What the pool of the user's instance says about connections that broke while they were idle. */
  troubled(error: Error): void {
    if (!this.#isDown) this.#tell('disconnected', error.message)
    this.#isDown = true
  }

  async #close(settled: Promise<unknown> | undefined): Promise<void> {
    this.#stop.abort()
    await this.#releaseAll(this.#ready.splice(0))
    await settled?.catch(() => undefined)
    clearInterval(this.#timer)
    await this.#releaseAll([...this.#claims.keys()])
  }

  async #take(maxMessages: number): Promise<readonly Delivery[]> {
    const { maxInFlight } = this.#options.receive
    if (this.#ready.length === 0) {
      const room = Math.min(maxMessages, maxInFlight.messages - this.#claims.size)
      const fitting = Math.floor((maxInFlight.bytes - this.#bytesOut) / Math.max(1, this.#averageBytes))
      const limit = Math.min(room, this.#averageBytes === 0 ? firstBatch : Math.max(1, fitting))
      if (limit > 0 && (this.#bytesOut < maxInFlight.bytes || this.#claims.size === 0)) await this.#claim(limit)
    }
    // Claimed while the subscription was being closed: it goes back at once.
    if (this.#closing !== undefined) {
      await this.#releaseAll(this.#ready.splice(0))
      return []
    }
    const taken: Delivery[] = []
    for (let next = this.#ready[0]; next !== undefined && taken.length < maxMessages; next = this.#ready[0]) {
      if (this.#bytesOut > 0 && this.#bytesOut + next.bytes > maxInFlight.bytes) break
      this.#ready.shift()
      this.#bytesOut += next.bytes
      taken.push(next)
    }
    return taken
  }

  async #claim(limit: number): Promise<void> {
    const jobs = await this.#attempt(() => this.#jobs.claim(this.#options.name, limit))
    for (const job of jobs ?? []) {
      const delivery = deliveryOf(job, this.#options.place)
      this.#claims.set(delivery, { id: job.id, retryCount: job.retryCount })
      this.#ready.push(delivery)
      this.#averageBytes += (delivery.bytes - this.#averageBytes) / (this.#averageBytes === 0 ? 1 : 8)
    }
  }

  /** Renews what is in flight and takes back what others left behind. */
  async #tend(): Promise<void> {
    if (this.#isTending) return
    this.#isTending = true
    const { name } = this.#options
    const claims = [...this.#claims.values()]
    if (claims.length > 0) await this.#attempt(() => this.#jobs.keep(name, claims))
    if (this.#closing === undefined) await this.#attempt(() => this.#jobs.reclaim(name))
    this.#isTending = false
  }

  #forget(delivery: Delivery): readonly Claim[] {
    const claim = this.#claims.get(delivery)
    if (claim === undefined) return []
    this.#claims.delete(delivery)
    this.#bytesOut -= delivery.bytes
    return [claim]
  }

  async #releaseAll(deliveries: readonly Delivery[]): Promise<void> {
    const claims = deliveries.flatMap((delivery) => this.#claims.get(delivery) ?? [])
    for (const delivery of deliveries) this.#claims.delete(delivery)
    if (claims.length > 0) await this.#attempt(() => this.#jobs.release(this.#options.name, claims, 0))
  }

  /** A settlement that did not get through is tried again: the claim is still ours while the lease lasts. */
  async #persist(settle: () => Promise<void>): Promise<void> {
    const endMs = performance.now() + this.#options.leaseMs
    for (;;) {
      if ((await this.#attempt(async () => (await settle(), true))) === true || performance.now() >= endMs) return
      await systemClock.sleep(this.#options.leaseMs / 20)
    }
  }

  async #attempt<T>(action: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await action()
      if (this.#isDown) this.#tell('reconnected', 'the database answers again')
      this.#isDown = false
      return result
    } catch (error) {
      const trouble = error instanceof Error ? error : new Error(String(error))
      // A queue with a policy of one job per key can refuse to take a job back: pg-boss itself then decides.
      if (isRefused(trouble)) this.#tell('skipped', trouble.message)
      else this.troubled(trouble)
      return undefined
    }
  }

  #tell(kind: BrokerTrouble['kind'], message: string): void {
    this.#options.receive.onTrouble?.({ kind, message: `${this.#options.place}: ${message}` })
  }
}

function deliveryOf(job: JobLike, place: string): Delivery {
  const message = messageOf(job)
  return {
    message,
    place,
    partition: '0',
    position: null,
    nativeId: job.id,
    redelivered: job.retryCount > 0,
    deliveryCount: job.retryCount + 1,
    bytes: Math.max(1, messageBytes(message)),
  }
}
