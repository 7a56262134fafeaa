import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { freePort } from '../servers/free-port.ts'

/**
 * A TCP proxy in front of a Kafka broker. It puts itself into every answer that names the broker, so that clients come back to
 * it, and cuts where a test wants: connections, or a request before it is forwarded, or its answer.
 */
export interface Proxy {
  readonly port: number
  /** Destroys all connections; new ones are accepted. */
  cut(): void
  /** Destroys all connections and refuses new ones. */
  refuse(): Promise<void>
  accept(): Promise<void>
  /**
   * The next request with this API key is not forwarded (`request`), or only its first half (`half`), or its answer is not given back
   * (`answer`), and its connection is cut.
   */
  cutNext(apiKey: number, what: Cut): Promise<void>
  close(): Promise<void>
}

export type Cut = 'request' | 'half' | 'answer'

export const produceKey = 0

export async function startProxy(target: string): Promise<Proxy> {
  const [host = '127.0.0.1', targetPort = '9092'] = target.split(':')
  const sockets = new Set<Socket>()
  let planned: { apiKey: number; what: Cut; done: () => void } | undefined
  const port = await freePort()

  const server = createServer((client) => {
    const upstream = connect(Number(targetPort), host)
    const end = (): void => {
      client.destroy()
      // What was given to it before is still delivered.
      if (upstream.writableEnded) return
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        sockets.delete(socket)
        end()
      })
    }
    const doomed = new Set<number>()
    frames(client, (frame) => {
      if (planned !== undefined && frame.readInt16BE(4) === planned.apiKey) {
        const { what, done } = planned
        planned = undefined
        if (what === 'half') {
          upstream.end(frame.subarray(0, frame.length >> 1))
          client.destroy()
          return done()
        }
        if (what === 'request') {
          end()
          return done()
        }
        doomed.add(frame.readInt32BE(8))
        done()
      }
      upstream.write(frame)
    })
    frames(upstream, (frame) => {
      if (doomed.has(frame.readInt32BE(4))) return end()
      client.write(renamed(frame, { host, from: Number(targetPort), to: port }))
    })
  })
  const listen = async (): Promise<void> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  await listen()
  return {
    port,
    cut,
    async refuse() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      cut()
      await closed
    },
    async accept() {
      if (!server.listening) await listen()
    },
    cutNext(apiKey, what) {
      return new Promise((done) => {
        planned = { apiKey, what, done }
      })
    },
    async close() {
      cut()
      if (server.listening) {
        const closed = once(server, 'close')
        server.close()
        await closed
      }
    },
  }
}

/** Kafka frames: four bytes of length, then as many. */
function frames(socket: Socket, onFrame: (frame: Buffer) => void): void {
  let chunks: Buffer[] = []
  let have = 0
  let wanted = 0
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    have += chunk.length
    for (;;) {
      if (have < 4 || have < wanted) return
      const all = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
      wanted = all.readInt32BE(0) + 4
      if (have < wanted) {
        chunks = [all]
        return
      }
      const frame = all.subarray(0, wanted)
      const rest = all.subarray(wanted)
      chunks = rest.length === 0 ? [] : [rest]
      have = rest.length
      wanted = 0
      onFrame(frame)
    }
  })
}

/** A broker is named by its host, as a string, and its port, four bytes: both keep their length. */
function renamed(frame: Buffer, { host, from, to }: { host: string; from: number; to: number }): Buffer {
  const name = (port: number): Buffer => {
    const bytes = Buffer.alloc(host.length + 4)
    bytes.write(host, 'latin1')
    bytes.writeInt32BE(port, host.length)
    return bytes
  }
  const old = name(from)
  let at = frame.indexOf(old)
  if (at === -1) return frame
  const copy = Buffer.from(frame)
  for (; at !== -1; at = copy.indexOf(old, at + old.length)) name(to).copy(copy, at)
  return copy
}
