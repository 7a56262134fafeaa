/**
 * `tools/with-server.ts kafka|rabbitmq|redis -- COMMAND…`: runs a command beside a real server. `{address}` in the command becomes
 * the server's address, which is also in REDRIVE_KAFKA, REDRIVE_RABBITMQ or REDRIVE_REDIS.
 */
import { run } from './lib/run.ts'
import { brokerNames, startBroker } from './servers/start-broker.ts'

const [wanted, dashes, ...command] = process.argv.slice(2)
const name = brokerNames.find((one) => one === wanted)
const [program, ...rest] = command
if (name === undefined || dashes !== '--' || program === undefined) {
  console.error(`usage: with-server.ts ${brokerNames.join('|')} -- COMMAND…`)
  process.exit(2)
}
const server = await startBroker(name, (line) => console.error(`${name}: ${line}`))
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void server.stop().finally(() => process.exit(1)))
const arguments_ = rest.map((argument) => argument.replaceAll('{address}', server.address))
const { code } = await run([program, ...arguments_], { env: server.env })
await server.stop()
process.exit(code)
