import { once } from 'node:events'
import { connect, createServer, type NetConnectOpts } from 'node:net'
import { freePort } from '../../../tools/servers/free-port.ts'

/** An address on loopback where nobody answers, until it leads to somewhere. */
export interface LateAddress {
  readonly port: number
  open(to: NetConnectOpts): Promise<void>
  close(): void
}

export async function lateAddress(): Promise<LateAddress> {
  const port = await freePort()
  const ends: (() => void)[] = []
  return {
    port,
    async open(to) {
      const server = createServer((client) => {
        const upstream = connect(to)
        const end = (): void => {
          client.destroy()
          upstream.destroy()
        }
        ends.push(end)
        for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
        client.pipe(upstream).pipe(client)
      }).listen(port, '127.0.0.1')
      await once(server, 'listening')
      ends.push(() => server.close())
    },
    close() {
      for (const end of ends.splice(0)) end()
    },
  }
}
