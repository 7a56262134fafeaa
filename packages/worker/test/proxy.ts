import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A TCP proxy in front of a server, so that a test can take the connections of one client away and give them back. */
export interface Proxy {
  readonly port: number
  /** While true, new connections are ended at once. */
  isRefusing: boolean
  /** Destroys all connections. */
  cut(): void
  close(): Promise<void>
}

export async function startProxy(target: { readonly host: string; readonly port: number }): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    if (proxy.isRefusing) {
      client.destroy()
      return
    }
    const upstream = connect(target.port, target.host)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy got no port')
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const proxy: Proxy = {
    port: address.port,
    isRefusing: false,
    cut,
    async close() {
      cut()
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
  return proxy
}
