/** An order as the shop's producer writes it. */
export interface Order {
  readonly orderId: string
  readonly customer: string
  readonly product: string
  readonly pallets: number
  /** Dry cargo has none. */
  readonly cargo: { readonly temperature?: number }
  readonly depot: string
}

export interface ProducedOrder {
  readonly key: string
  readonly body: string
}

/**
 * The day's orders. Most are fine; nothing in an order says that it will fail, each fails for a reason of its own once it is handled:
 * a depot that is down or hangs, dry cargo that the release has a bug with, a body cut in half, an order too large for the worker's memory.
 *
 * @param count at least 20, so that every kind of failure is there
 */
export function ordersOfTheDay(count: number, startAt: number): readonly ProducedOrder[] {
  return Array.from({ length: count }, (_, index) => orderAt(index, startAt + index))
}

function orderAt(index: number, number: number): ProducedOrder {
  const order: Order = {
    orderId: `ord-${number}`,
    customer: `cust-${(number * 7) % 23}`,
    product: pick(['bananas', 'salmon', 'vaccines', 'cut flowers'], number),
    pallets: index === 11 ? 2_000_000_000 : 1 + ((number * 13) % 40),
    cargo: index % 15 === 3 ? {} : { temperature: -20 + ((number * 5) % 33) },
    depot:
      index % 10 === 6
        ? 'hamburg'
        : index % 30 === 8
          ? 'singapore'
          : pick(['rotterdam', 'antwerp', 'valencia'], number),
  }
  const body = JSON.stringify(order)
  return { key: order.customer, body: index % 25 === 19 ? body.slice(0, Math.floor(body.length * 0.6)) : body }
}

function pick<T>(values: readonly [T, ...T[]], number: number): T {
  return values[number % values.length] ?? values[0]
}
