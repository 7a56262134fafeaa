import net from 'node:net'

/** A line to a PostgreSQL server that can be cut at the worst moment. */
export interface CuttingProxy {
  /** The database's address, through the proxy. */
  readonly url: string
  /**
   * The next `count` commits reach the server, their answers never come back: the line is cut instead. With `lateMs` it is cut at once and
   * the server gets the commit so much later.
   */
  cutNextCommits(count: number, lateMs?: number): void
  /** Commits whose answer was lost so far. */
  readonly lost: number
  close(): Promise<void>
}

const commit = Buffer.from('Q\0\0\0\x0bcommit\0', 'latin1')

export async function cuttingProxy(databaseUrl: string): Promise<CuttingProxy> {
  const target = new URL(databaseUrl)
  const folder = target.searchParams.get('host')
  const port = Number(target.port || target.searchParams.get('port') || 5432)
  let toCut = 0
  let late: number | undefined
  let lost = 0
  const sockets = new Set<net.Socket>()
  const server = net.createServer((client) => {
    const upstream = folder === null ? net.connect(port, target.hostname) : net.connect(`${folder}/.s.PGSQL.${port}`)
    let cutting = false
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        if (!cutting || late === undefined) upstream.destroy()
      })
    }
    client.on('data', (data) => {
      if (toCut > 0 && data.includes(commit)) {
        toCut--
        cutting = true
        if (late !== undefined) {
          lost++
          setTimeout(() => upstream.end(data), late)
          client.destroy()
          return
        }
      }
      upstream.write(data)
    })
    upstream.on('data', (data) => {
      if (!cutting) client.write(data)
      else if (late === undefined) {
        lost++
        client.destroy()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String(typeof address === 'object' && address !== null ? address.port : 0)
  url.searchParams.delete('host')
  return {
    url: url.href,
    cutNextCommits(count, lateMs) {
      toCut = count
      late = lateMs
    },
    get lost() {
      return lost
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
