export interface Order {
  readonly id: string
  readonly pallets: number
}

const asked = new Set<string>()

/** The inventory that the worker has to ask; it drops each connection the first time. */
export async function allocate({ id }: Order, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (asked.has(id)) return
  asked.add(id)
  throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
}
