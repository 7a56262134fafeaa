import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Where in the talk of a client with its server a connection is cut. A request is what a client sends at once, a reply what comes back. */
export const cutMoments = [
  'before the request',
  'within the request',
  'before the reply',
  'within the reply',
  'after the reply',
] as const
export type CutMoment = (typeof cutMoments)[number]

/** A TCP proxy between a part of the product and a server. It knows no protocol but what a weighty request of it looks like. */
export interface CuttingLine {
  readonly name: string
  readonly port: number
  /**
   * Cuts the next connection at that moment of its talk.
   * @param options.weighty waits for a request that decides something (a commit, a send), not for any
   * @returns false when there was none in time
   */
  cut(moment: CutMoment, options: { readonly weighty: boolean; readonly timeoutMs: number }): Promise<boolean>
  /** Resolves when a weighty request has just been passed on; false when there was none in time. */
  seesWeight(timeoutMs: number): Promise<boolean>
  close(): Promise<void>
}

/** A port on loopback, or the path of a socket. */
export type LineTarget = { readonly port: number; readonly host: string } | { readonly path: string }

interface Armed {
  readonly moment: CutMoment
  readonly weighty: boolean
  done(): void
}

export async function openLine(options: {
  readonly name: string
  readonly target: LineTarget
  readonly isWeighty: (request: Buffer) => boolean
  /** @default a free one */
  readonly port?: number
}): Promise<CuttingLine> {
  const sockets = new Set<Socket>()
  let armed: Armed | undefined
  const watchers = new Set<() => void>()
  const take = (): Armed | undefined => {
    const taken = armed
    armed = undefined
    taken?.done()
    return taken
  }

  const server = createServer((client) => {
    const upstream = connect(options.target)
    const end = (): void => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', () => {
        sockets.delete(socket)
        end()
      })
    }
    let doomed: CutMoment | undefined
    client.on('data', (request) => {
      const isWeighty = (armed?.weighty === true || watchers.size > 0) && options.isWeighty(request)
      if (doomed === undefined && armed !== undefined && (!armed.weighty || isWeighty)) doomed = take()?.moment
      if (doomed === 'before the request') end()
      else if (doomed === 'within the request') upstream.write(halfOf(request), end)
      else passOn(client, { to: upstream, bytes: request })
      if (isWeighty) for (const seen of watchers) seen()
    })
    upstream.on('data', (reply) => {
      if (doomed === 'before the reply') end()
      else if (doomed === 'within the reply') client.write(halfOf(reply), end)
      else if (doomed === 'after the reply') client.write(reply, end)
      else passOn(upstream, { to: client, bytes: reply })
    })
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  return {
    name: options.name,
    port: (server.address() as { port: number }).port,
    cut(moment, { weighty, timeoutMs }) {
      return new Promise((resolve) => {
        const late = setTimeout(() => {
          armed = undefined
          resolve(false)
        }, timeoutMs)
        armed = {
          moment,
          weighty,
          done() {
            clearTimeout(late)
            resolve(true)
          },
        }
      })
    },
    seesWeight(timeoutMs) {
      return new Promise((resolve) => {
        const end = (isSeen: boolean) => (): void => {
          clearTimeout(late)
          watchers.delete(seen)
          resolve(isSeen)
        }
        const seen = end(true)
        const late = setTimeout(end(false), timeoutMs)
        watchers.add(seen)
      })
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function halfOf(bytes: Buffer): Buffer {
  return bytes.subarray(0, Math.ceil(bytes.length / 2))
}

function passOn(from: Socket, { to, bytes }: { readonly to: Socket; readonly bytes: Buffer }): void {
  if (to.destroyed || to.write(bytes)) return
  from.pause()
  to.once('drain', () => from.resume())
}

/** Requests that decide something, by the bytes that begin or are in them. */
export const weighty = {
  /** The simple query `commit`. */
  postgres: (request: Buffer): boolean => request.includes('Q\0\0\0\x0bcommit\0', 0, 'latin1'),
  /** What a queue in tables lives by. */
  pgBoss: (request: Buffer): boolean => /insert into|update |delete from|commit/i.test(request.toString('latin1')),
  /** Produce, at the start of what is sent at once. */
  kafka: (request: Buffer): boolean => request.length > 6 && request.readInt16BE(4) === 0,
  /** basic.publish or basic.ack. */
  amqp: (request: Buffer): boolean =>
    request.includes('\0\x3c\0\x28', 0, 'latin1') || request.includes('\0\x3c\0\x50', 0, 'latin1'),
} as const
