import type { Broker, SendResult, Subscription } from '../broker.ts'
import { RedriveError } from '../errors.ts'

export interface OutageBroker<B extends Broker> {
  readonly broker: B
  /**
   * The broker goes out: sends get `answer`, `next` finds nothing, settlements and questions wait until it is back.
   * With `places` only those are out.
   * @param options.answer what sends get; the message does not arrive @default not-sent, retryable
   */
  sleep(options?: { readonly places?: readonly string[]; readonly answer?: SendResult }): void
  wake(): void
}

/** Wraps any broker so that a test can take it away and give it back. */
export function outageOf<B extends Broker>(inner: B): OutageBroker<B> {
  let out: { readonly places: readonly string[] | undefined; readonly answer: SendResult } | undefined
  let back = Promise.withResolvers<void>()

  const isOut = (place: string): boolean =>
    out !== undefined && (out.places === undefined || out.places.includes(place))
  const awake = async (place: string): Promise<void> => {
    while (isOut(place)) await back.promise
  }
  const wrap = (place: string, subscription: Subscription): Subscription => ({
    async next(options) {
      if (!isOut(place)) return subscription.next(options)
      const taken = await subscription.next({ maxMessages: 0, waitMs: options.waitMs })
      return taken
    },
    async settle(deliveries, settlement) {
      await awake(place)
      await subscription.settle(deliveries, settlement)
    },
    extend: (deliveries, byMs) => subscription.extend(deliveries, byMs),
    close: (settled) => subscription.close(settled),
  })

  const broker: B = {
    ...inner,
    async receive(place, options) {
      if (isOut(place)) throw new RedriveError('BROKER_UNREACHABLE', 'the broker is out')
      return wrap(place, await inner.receive(place, options))
    },
    async send(place, messages) {
      const answer = out?.answer
      if (answer !== undefined && isOut(place)) return messages.map(() => answer)
      return inner.send(place, messages)
    },
    async depth(place, consumer) {
      await awake(place)
      return inner.depth(place, consumer)
    },
  }

  return {
    broker,
    sleep({ places, answer } = {}) {
      out = { places, answer: answer ?? { kind: 'not-sent', reason: 'the broker is out', retryable: true } }
    },
    wake() {
      out = undefined
      back.resolve()
      back = Promise.withResolvers<void>()
    },
  }
}
