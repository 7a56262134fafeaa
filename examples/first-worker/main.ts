// Sends three orders to the worker and says what becomes of them; expected-output.txt has what this prints.
import { broker, worker } from './worker.ts'

const bodies = ['{"id":"ord-1","pallets":4}', '{"id":"ord-2","pallets":90000}', '{"id":"ord-3","pal']
const lines: string[] = []
let ended = 0
const { promise: allEnded, resolve } = Promise.withResolvers<void>()
const end = (line: string): void => {
  lines.push(line)
  ended += 1
  if (ended === bodies.length) resolve()
}
worker.on('retried', ({ attempt, failure }) =>
  lines.push(`attempt ${attempt} failed, will be called again: ${failure.message}`),
)
worker.on('handled', ({ attempt }) => end(`handled at attempt ${attempt}`))
worker.on('died', ({ tier, reason, failure }) =>
  end(`dead: ${tier}, ${reason}: ${failure?.message.split(' in JSON')[0]}`),
)

await broker.send(
  'orders',
  bodies.map((body) => ({ message: { key: null, body: Buffer.from(body), headers: [] } })),
)
await allEnded
const { messages } = await broker.depth('orders-dead-letter')
await worker.stop()
await broker.close()
console.log([...lines.toSorted(), `${messages} letters in orders-dead-letter`].join('\n'))
