import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

const deadlineMs = 20_000

/** The proxy is cut at the moment at which it answers the end of a client by an end of its own. */
const script = `
import { once } from 'node:events'
import { connect, createServer, Socket } from 'node:net'
const { startLossyProxy } = await import(${JSON.stringify(new URL('./lossy-proxy.ts', import.meta.url).href)})
const server = createServer((socket) => socket.on('error', () => {}).resume())
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const proxy = await startLossyProxy({ host: '127.0.0.1', port: server.address().port })
const client = connect(proxy.port, '127.0.0.1').on('error', () => {})
client.write('x')
await proxy.sent(1)
const cut = Promise.withResolvers()
const { end } = Socket.prototype
Socket.prototype.end = function (...args) {
  end.apply(this, args)
  if (this === client) return this
  proxy.cut()
  cut.resolve()
  return this
}
client.end()
await cut.promise
await proxy.close()
server.close()
console.log('done')
`

test('a process whose proxy cut a connection that was ending comes to its end', async () => {
  const child = spawn(process.execPath, ['--conditions=@redrive/source', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const late = setTimeout(() => child.kill('SIGKILL'), deadlineMs)
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  clearTimeout(late)
  assert.equal(output, 'done\n')
  assert.deepEqual({ code, signal }, { code: 0, signal: null })
})
