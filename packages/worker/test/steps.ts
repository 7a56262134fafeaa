import assert from 'node:assert/strict'
import type { Broker, Delivery, ReceiveOptions, Subscription } from '../src/broker.ts'
import type { Message } from '../src/message.ts'

export function messageOf(body: string | Uint8Array): Message {
  return { key: null, body: typeof body === 'string' ? Buffer.from(body) : body, headers: [] }
}

export function bodyOf({ message }: Delivery): string {
  return Buffer.from(message.body ?? []).toString()
}

export function receive(broker: Broker, place: string, options: Partial<ReceiveOptions> = {}): Promise<Subscription> {
  return broker.receive(place, { consumer: 'test', maxInFlight: { messages: 100, bytes: 1 << 26 }, ...options })
}

/** Polls until it is true; fails at the deadline. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  deadlineMs = 20_000,
): Promise<void> {
  const endMs = Date.now() + deadlineMs
  while (!(await isTrue())) {
    assert.ok(Date.now() < endMs, `not within ${deadlineMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

export async function take(
  subscription: Subscription,
  count: number,
  deadlineMs = 20_000,
): Promise<readonly Delivery[]> {
  const taken: Delivery[] = []
  await until(
    `${count} messages`,
    async () => {
      taken.push(...(await subscription.next({ maxMessages: count - taken.length, waitMs: 200 })))
      return taken.length === count
    },
    deadlineMs,
  )
  return taken
}
