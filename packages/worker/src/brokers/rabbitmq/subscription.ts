import type { Delivery, ReceiveOptions, Settlement, Subscription } from '../../broker.ts'
import { systemClock } from '../../clock.ts'
import { RedriveError } from '../../errors.ts'
import { type ChannelLike, type ConnectionLike, reasonOf, replyCode } from './client.ts'
import { backoffMs, ignore, type Link, orAfter } from './connection.ts'
import { Session } from './session.ts'

/** AMQP's prefetch count has 16 bits. */
const maxPrefetch = 65_535

export interface SubscriptionOptions {
  readonly place: string
  readonly receive: ReceiveOptions
  /** Longest time a delivery may stay unsettled before everything is given back; Infinity where the queue has its own bound. */
  readonly maxHoldMs: number
  /** How long the broker may take to let us consume; a quorum queue without its majority never answers. */
  readonly answerTimeoutMs: number
}

/**
 * Consumes one queue: the broker pushes up to the prefetch, `next` hands it out. When the channel is lost, what was in flight is
 * lost with it and a new channel is opened, for as long as it takes.
 * @throws BROKER_UNREACHABLE, BROKER_CLOSED, PLACE_MISSING
 */
export async function subscribe(link: Link, options: SubscriptionOptions): Promise<Subscription> {
  const subscription = new RabbitmqSubscription(link, options)
  await subscription.start()
  return subscription
}

/** `ended` resolves with the reason when the channel or its consumer ends. */
interface Opened {
  readonly ended: Promise<string>
}

class RabbitmqSubscription implements Subscription {
  readonly #link: Link
  readonly #options: SubscriptionOptions
  #session: Session | undefined
  #consumerTag = ''
  #wake: PromiseWithResolvers<void> = Promise.withResolvers()
  #closing: Promise<void> | undefined
  readonly #stop: AbortController = new AbortController()

  constructor(link: Link, options: SubscriptionOptions) {
    this.#link = link
    this.#options = options
  }

  async start(): Promise<void> {
    void this.#keepOpen(await this.#open())
  }

  async next({
    maxMessages,
    waitMs,
  }: {
    readonly maxMessages: number
    readonly waitMs: number
  }): Promise<readonly Delivery[]> {
    const { promise: waited, resolve } = Promise.withResolvers<void>()
    let isOver = waitMs <= 0
    const timer = setTimeout(() => {
      isOver = true
      resolve()
    }, waitMs)
    try {
      for (;;) {
        if (this.#closing !== undefined) return []
        const taken = this.#session?.take({ maxMessages, maxBytes: this.#options.receive.maxInFlight.bytes }) ?? []
        if (taken.length > 0 || isOver) return taken
        await Promise.race([this.#wake.promise, waited])
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async settle(deliveries: readonly Delivery[], settlement: Settlement): Promise<void> {
    const session = this.#session
    const entries = session?.ours(deliveries) ?? []
    if (session === undefined || entries.length === 0) return
    attempt(() => {
      if (settlement.kind === 'ack') session.ack(entries)
      else if (settlement.delayMs <= 0) session.giveBack(entries)
      else {
        session.delay(entries)
        setTimeout(() => attempt(() => session.giveBack(entries)), settlement.delayMs).unref()
      }
    })
    this.#notify()
  }

  async extend(): Promise<void> {
    // AMQP leases nothing: the bound on holding a delivery is the same for all of them, see maxHoldMs.
  }

  close(settled?: Promise<unknown>): Promise<void> {
    this.#closing ??= this.#close(settled)
    this.#notify()
    return this.#closing
  }

  async #close(settled: Promise<unknown> | undefined): Promise<void> {
    this.#stop.abort()
    const session = this.#session
    if (session !== undefined) {
      await orAfter(
        session.channel.cancel(this.#consumerTag).catch(() => undefined),
        2_000,
      )
      attempt(() => session.giveBackWaiting())
    }
    await settled?.catch(() => undefined)
    if (session !== undefined)
      await orAfter(
        session.channel.close().catch(() => undefined),
        2_000,
      )
    session?.clear()
    this.#session = undefined
  }

  async #open(): Promise<Opened> {
    const { place, answerTimeoutMs } = this.#options
    try {
      const opened = await orAfter(
        this.#link.use((connection) => this.#openOn(connection)),
        answerTimeoutMs,
      )
      if (opened === undefined) throw new Error(`no answer within ${answerTimeoutMs} ms`)
      return opened
    } catch (error) {
      this.#session = undefined
      if (error instanceof RedriveError) throw error
      if (replyCode(error) === 404)
        throw new RedriveError('PLACE_MISSING', `there is no queue ${place}`, { cause: error })
      throw new RedriveError('BROKER_UNREACHABLE', `cannot receive from ${place}: ${reasonOf(error)}`, { cause: error })
    }
  }

  async #openOn(connection: ConnectionLike): Promise<Opened> {
    const { receive, maxHoldMs } = this.#options
    const { promise: ended, resolve: end } = Promise.withResolvers<string>()
    const channel = await connection.createChannel()
    let reason = 'the connection was lost'
    channel.on('error', (error) => {
      reason = reasonOf(error)
    })
    channel.on('close', () => end(reason))
    void ended.then(() => attempt(() => ignore(channel.close())))
    await channel.prefetch(Math.min(maxPrefetch, Math.max(1, receive.maxInFlight.messages)))
    const session = await this.#consume(channel, end)
    this.#watch(session, { maxHoldMs, ended })
    if (this.#closing !== undefined || this.#session !== session) end('closed, or open too late')
    return { ended }
  }

  async #consume(channel: ChannelLike, end: (reason: string) => void): Promise<Session> {
    // Deliveries may come before the answer to consume.
    const session = new Session(channel, this.#options.place)
    this.#session = session
    const { consumerTag } = await channel.consume(this.#options.place, (message) => {
      if (message === null) return end('the broker cancelled the consumer')
      session.add(message)
      this.#notify()
    })
    this.#consumerTag = consumerTag
    return session
  }

  async #keepOpen(first: Opened): Promise<void> {
    const { place, receive } = this.#options
    for (let opened: Opened | undefined = first; opened !== undefined; opened = await this.#reopen()) {
      if (opened !== first) receive.onTrouble?.({ kind: 'reconnected', message: `${place} is read again` })
      const reason = await opened.ended
      if (this.#closing !== undefined) return
      const session = this.#session
      this.#session = undefined
      if (session?.clear()) receive.onLost?.(['0'])
      receive.onTrouble?.({ kind: 'disconnected', message: `${place}: ${reason}` })
    }
  }

  async #reopen(): Promise<Opened | undefined> {
    for (let attempts = 0; ; attempts++) {
      await systemClock.sleep(backoffMs(attempts), this.#stop.signal)
      if (this.#closing !== undefined) return undefined
      try {
        return await this.#open()
      } catch {
        // The trouble was told when the channel was lost; it ends when this succeeds.
      }
    }
  }

  /** Gives everything back before the broker closes the channel on what it has waited for too long (`consumer_timeout`). */
  #watch(
    session: Session,
    { maxHoldMs, ended }: { readonly maxHoldMs: number; readonly ended: Promise<string> },
  ): void {
    if (!Number.isFinite(maxHoldMs)) return
    const timer = setInterval(
      () => {
        const oldestMs = session.oldestReceivedAtMs()
        if (oldestMs === undefined || performance.now() - oldestMs < maxHoldMs) return
        attempt(() => session.channel.nackAll(true))
        const { place, receive } = this.#options
        if (session.clear()) receive.onLost?.(['0'])
        receive.onTrouble?.({
          kind: 'rebalanced',
          message: `${place}: a message was held for ${maxHoldMs} ms; all were given back before RabbitMQ cuts the channel`,
        })
      },
      Math.max(10, maxHoldMs / 20),
    )
    timer.unref()
    void ended.then(() => clearInterval(timer))
  }

  #notify(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }
}

/** On a channel that is closing the broker takes everything back by itself. */
function attempt(action: () => void): void {
  try {
    action()
  } catch {
    // Nothing is left to do.
  }
}
