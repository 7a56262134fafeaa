import type { Message } from '@redrive/worker'
import type { Order } from './orders.ts'

export type Release = '1.4.0' | '1.4.1'

/** What the inventory said no to, with the status the worker library classifies by. */
class InventoryError extends Error {
  override readonly name = 'InventoryError'
  readonly status: number
  constructor(status: number, text: string) {
    super(`inventory answered ${status}: ${text}`)
    this.status = status
  }
}

/** Allocates reefer containers to an order: the handler whose failures the demo is about. */
export function allocator(options: { readonly release: Release; readonly inventoryUrl: string }) {
  const fixed = options.release === '1.4.1'
  return async (message: Message, context: { readonly signal: AbortSignal }): Promise<void> => {
    const order = JSON.parse(Buffer.from(message.body ?? []).toString('utf8')) as Order
    const setPoint = fixed ? setPointOf(order) : setPointOfOldRelease(order)
    const containers = fixed ? Math.ceil(order.pallets / palletsPerContainer) : loadOneByOne(order).length
    const query = new URLSearchParams({ depot: order.depot, containers: String(containers), setPoint })
    const response = await fetch(`${options.inventoryUrl}/allocate?${query}`, {
      method: 'POST',
      signal: context.signal,
    })
    if (!response.ok) throw new InventoryError(response.status, await response.text())
    await response.arrayBuffer()
  }
}

const palletsPerContainer = 21

function setPointOf({ cargo }: Order): string {
  return cargo.temperature === undefined ? 'off' : cargo.temperature.toFixed(1)
}

/** The bug of release 1.4.0: dry cargo has no temperature. */
function setPointOfOldRelease({ cargo }: Order): string {
  return (cargo.temperature as number).toFixed(1)
}

/** The other one: it keeps a list of every pallet, and one customer ordered two billion. */
function loadOneByOne({ pallets, orderId }: Order): readonly string[] {
  const containers: string[] = []
  const loaded: string[] = []
  for (let pallet = 0; pallet < pallets; pallet += 1) {
    loaded.push(`${orderId}-${pallet}`)
    if (pallet % palletsPerContainer === 0) containers.push(`reefer-${pallet}`)
  }
  return containers
}
