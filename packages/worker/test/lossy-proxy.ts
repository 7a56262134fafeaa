import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * What a proxy does with bytes: `open` passes them on; `mute` swallows what the server answers; `deaf` swallows what the client
 * says; `blackhole` swallows both. Connections stay open in each of them, as behind a dead network.
 */
export type ProxyMode = 'open' | 'mute' | 'deaf' | 'blackhole'

/** A port, or the path of a socket. */
export type ProxyTarget = { readonly port: number; readonly host: string } | { readonly path: string }

export interface LossyProxy {
  readonly port: number
  mode: ProxyMode
  /** New connections are refused while it is true. */
  isRefusing: boolean
  /** Resets every open connection. */
  cut(): void
  /** Resolves when the client has sent at least so many bytes from now on, passed on or not. */
  sent(bytes: number): Promise<void>
  /** Resolves when the server has answered at least so many bytes from now on, passed on or not. */
  answered(bytes: number): Promise<void>
  close(): Promise<void>
}

/** A TCP proxy on loopback that loses bytes on demand. */
export async function startLossyProxy(target: ProxyTarget): Promise<LossyProxy> {
  const sockets = new Set<Socket>()
  const fromClient = counter()
  const fromServer = counter()
  const server = createServer((client) => {
    if (proxy.isRefusing) return reset(client)
    const upstream = connect(target)
    const end = (): void => {
      for (const socket of [client, upstream]) {
        sockets.delete(socket)
        socket.destroy()
      }
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', end)
    }
    client.on('data', (bytes) => {
      if (proxy.mode === 'open' || proxy.mode === 'mute') passOn(client, { to: upstream, bytes })
      fromClient.add(bytes.length)
    })
    upstream.on('data', (bytes) => {
      if (proxy.mode === 'open' || proxy.mode === 'deaf') passOn(upstream, { to: client, bytes })
      fromServer.add(bytes.length)
    })
  })
  server.listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const proxy: LossyProxy = {
    port: (server.address() as { port: number }).port,
    mode: 'open',
    isRefusing: false,
    cut() {
      for (const socket of [...sockets]) reset(socket)
    },
    sent: fromClient.reached,
    answered: fromServer.reached,
    async close() {
      proxy.cut()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}

/**
 * Only TCP can be reset, and only what is not ended yet: Node never closes a socket that it is asked to reset while it is ended, and
 * its process spins for ever when it exits.
 */
function reset(socket: Socket): void {
  if (socket.remoteAddress === undefined || socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

function passOn(from: Socket, { to, bytes }: { readonly to: Socket; readonly bytes: Buffer }): void {
  if (to.destroyed || to.write(bytes)) return
  from.pause()
  to.once('drain', () => from.resume())
}

function counter(): { add(bytes: number): void; reached(bytes: number): Promise<void> } {
  let total = 0
  const waiting = new Set<{ readonly at: number; readonly resolve: () => void }>()
  return {
    add(bytes) {
      total += bytes
      for (const each of waiting) {
        if (total < each.at) continue
        waiting.delete(each)
        each.resolve()
      }
    },
    reached(bytes) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.add({ at: total + bytes, resolve })
      return promise
    },
  }
}
