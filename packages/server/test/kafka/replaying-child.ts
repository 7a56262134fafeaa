/** `node replaying-child.ts DATABASE KAFKA free|stepwise`: an office that only replays. Says `sending` before each send, and stepwise waits for a line then. */
import { createInterface } from 'node:readline'
import * as platformatic from '@platformatic/kafka'
import type { Broker } from '@redrive/worker'
import { kafkaBroker } from '@redrive/worker/kafka'
import { startReplayer } from '../../src/replay/index.ts'
import { openStore } from '../../src/store/store.ts'

const [url = '', kafka = '', how] = process.argv.slice(2)
const store = await openStore({ url, allowUnsafe: true })
const inner = kafkaBroker({ client: platformatic, connection: { clientId: 'child', bootstrapBrokers: [kafka] } })
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const broker: Broker = {
  ...inner,
  async send(place, messages) {
    process.stdout.write('sending\n')
    if (how === 'stepwise') await lines.next()
    return inner.send(place, messages)
  },
}
startReplayer({
  store,
  brokers: new Map([['memory', broker]]),
  pollMs: 50,
  quietSeconds: 1,
  onEvent: ({ kind }) => process.stdout.write(`${kind}\n`),
})
