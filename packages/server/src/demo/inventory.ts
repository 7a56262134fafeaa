import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The container inventory that the worker has to ask: an old service that has its days. */
export interface Inventory {
  readonly url: string
  /** Ends the outage of hamburg and makes singapore answer. */
  repair(): void
  close(): Promise<void>
}

export async function startInventory(): Promise<Inventory> {
  let repaired = false
  const hanging = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    const depot = new URL(request.url ?? '/', 'http://inventory').searchParams.get('depot')
    request.resume()
    if (!repaired && depot === 'singapore') {
      hanging.add(response)
      response.once('close', () => hanging.delete(response))
      return
    }
    if (!repaired && depot === 'hamburg') {
      response.writeHead(503, { 'content-type': 'text/plain' }).end('inventory of hamburg is down for maintenance')
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"reserved":true}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    repair() {
      repaired = true
      for (const response of hanging) response.destroy()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
