import { setTimeout as sleep } from 'node:timers/promises'
import type { Message } from '@redrive/worker'
import { type DemoQueue, openDemoBroker } from '../packages/server/src/demo/demo-broker.ts'
import { bodyOf, kindOf, sha256Of, type TortureMessage } from './messages.ts'

/** Sends again and again, through a broker that keeps dying. */
export interface Producer {
  /** Confirmed by the broker, with the hash of the body: these must not get lost. */
  readonly sent: ReadonlyMap<number, string>
  stop(): Promise<void>
}

/** More than so many are not on their way at once: a slow machine would never work off what comes on while everything is killed. */
const maxOnTheirWay = 1_500
const everyMs = 50

/**
 * @param options.ended how many messages are not on their way any more
 * @param options.among so many producers, who share the load of one
 */
export function startProducer(options: {
  readonly queue: DemoQueue
  readonly among: number
  readonly random: () => number
  readonly ended: () => number
}): Producer {
  const { queue, among, random, ended } = options
  const sent = new Map<number, string>()
  let stopping = false
  let n = 0
  const loop = async (): Promise<void> => {
    while (!stopping) {
      let opened: Awaited<ReturnType<typeof openDemoBroker>> | undefined
      try {
        opened = await openDemoBroker(queue, 'torture-producer')
        await opened.broker.prepare([{ place: 'orders', role: 'source' }])
        while (!stopping) {
          // Not by all of their number: in each as many wait for the leases of the dead.
          if (sent.size - ended() > maxOnTheirWay / Math.sqrt(among)) {
            await sleep(100)
            continue
          }
          const batch = Array.from({ length: 5 }, (): TortureMessage => ({ n: (n += 1), kind: kindOf(random()) }))
          const results = await opened.broker.send(
            'orders',
            batch.map((message) => ({ message: outgoing(message) })),
          )
          results.forEach((result, index) => {
            const message = batch[index]
            if (result.kind === 'sent' && message !== undefined) sent.set(message.n, sha256Of(bodyOf(message)))
          })
          await sleep(results.every(({ kind }) => kind === 'sent') ? everyMs * among : 500)
        }
      } catch {
        await sleep(500)
      } finally {
        await opened?.close().catch(() => undefined)
      }
    }
  }
  const running = loop()
  return {
    sent,
    async stop() {
      stopping = true
      await running
    },
  }
}

function outgoing(message: TortureMessage): Message {
  return {
    key: Buffer.from(`key-${message.n % 17}`),
    body: bodyOf(message),
    headers: [],
    properties: { messageId: `message-${message.n}` },
  }
}
