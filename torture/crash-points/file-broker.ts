import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Broker,
  type Delivery,
  type Message,
  messageBytes,
  type Outgoing,
  type ReceiveOptions,
  type SendResult,
  type Subscription,
} from '@redrive/worker'
import type { Boundaries } from './boundaries.ts'

/** What tells messages of a place apart: `positions` as in a log, `ids` as in a queue, or `nothing`. */
export type BrokerKind = 'positions' | 'ids' | 'nothing'

export interface FileBrokerOptions {
  readonly folder: string
  readonly kind: BrokerKind
  /** Whether its places can be looked back into. */
  readonly looksBack: boolean
  /** What becomes of a send, by the number of the order in its body. @default sent */
  readonly fates: Readonly<Record<string, Fate>>
  readonly boundaries?: Boundaries
}

/** `doubted`: it arrives, but no answer does. `vanished`: neither. */
export type Fate = 'refused' | 'doubted' | 'vanished'

export interface Held {
  readonly message: Message
  readonly uniqueId: string | undefined
  state: 'waiting' | 'out' | 'acked'
}

export interface FileBroker extends Broker {
  held(place: string): readonly Held[]
  /** Puts a message there that is no part of what is watched. */
  seed(place: string, message: Message): void
}

type Line =
  | { readonly put: ReturnType<typeof packed>; readonly id?: string | undefined }
  | { readonly out: number }
  | { readonly ack: number }

/** A broker in files: what it has taken outlives the process that gave it, byte for byte, and so does what it has handed out. */
export function fileBroker(options: FileBrokerOptions): FileBroker {
  const { folder, kind, looksBack, fates, boundaries } = options
  mkdirSync(folder, { recursive: true })
  const places = new Map<string, Held[]>()
  const fileOf = (place: string): string => path.join(folder, `${place}.jsonl`)
  const cross = (side: 'before' | 'after', what: string): void => boundaries?.cross(side, what)
  const write = (place: string, line: Line): void => appendFileSync(fileOf(place), `${JSON.stringify(line)}\n`)
  const held = (place: string): Held[] => {
    const known = places.get(place) ?? load(fileOf(place))
    places.set(place, known)
    return known
  }

  const keep = (place: string, { message, uniqueId }: Outgoing): void => {
    // Read first, or what is written now would be read as well.
    held(place).push({ message, uniqueId, state: 'waiting' })
    write(place, { put: packed(message), id: uniqueId })
  }
  const put = (place: string, outgoing: Outgoing): SendResult => {
    const fate = fates[String(orderOf(outgoing.message))]
    if (fate === 'refused') return { kind: 'not-sent', reason: 'the broker does not want it', retryable: false }
    if (fate !== 'vanished') keep(place, outgoing)
    if (fate !== undefined) return { kind: 'uncertain', reason: 'no answer came' }
    return { kind: 'sent', position: BigInt(held(place).length - 1), partition: '0' }
  }

  const broker: FileBroker = {
    system: 'files',
    held,
    seed: (place, message) => keep(place, { message }),
    capabilities: {
      ordering: 'queue',
      nativeDelay: { maxMs: 86_400_000 },
      redelivered: 'exact',
      positions: kind === 'positions',
      keys: true,
      headers: { duplicates: true, nulls: true, order: true },
      maxBytes: 16 * 1024 * 1024,
      maxHeaderBytes: 1024 * 1024,
      losses: [],
    },
    prepare: async () => undefined,
    receive: async (place, how) => subscribe(held(place), { place, kind, how, write, cross }),
    async send(place, messages) {
      cross('before', `send to ${place}`)
      const results = messages.map((message, index) => {
        const result = put(place, message)
        if (index < messages.length - 1) cross('after', `a part of a send to ${place}`)
        return result
      })
      cross('after', `send to ${place}`)
      return results
    },
    depth: async (place) => ({ messages: held(place).filter(({ state }) => state !== 'acked').length }),
    describe: async () => ({ exists: true, partitions: 1, facts: [], consumers: [] }),
    close: async () => undefined,
  }
  if (!looksBack) return broker
  return {
    ...broker,
    ends: async (place) => ({ positions: { '0': String(held(place).length) } }),
    async findReplays(place, { since, replayIds }) {
      const found = [...held(place).entries()].flatMap(([at, { uniqueId }]) =>
        at >= Number(since.positions['0'] ?? 0) && uniqueId !== undefined && replayIds.has(uniqueId)
          ? [[uniqueId, { partition: '0', position: BigInt(at) }] as const]
          : [],
      )
      return { found: new Map(found), gap: null }
    },
  }
}

/** The number of the order that a message is about. */
export function orderOf({ body }: Message): unknown {
  try {
    return (JSON.parse(Buffer.from(body ?? []).toString()) as { readonly order?: unknown }).order
  } catch {
    return undefined
  }
}

interface Subscribing {
  readonly place: string
  readonly kind: BrokerKind
  readonly how: ReceiveOptions
  readonly write: (place: string, line: Line) => void
  readonly cross: (side: 'before' | 'after', what: string) => void
}

async function subscribe(
  entries: readonly Held[],
  { place, kind, how, write, cross }: Subscribing,
): Promise<Subscription> {
  const from = Number((await how.positions?.load(place, ['0']))?.get('0') ?? 0)
  // A log keeps no acknowledgements: where its reader goes on says what is settled.
  for (const entry of entries.slice(0, from)) entry.state = 'acked'
  const handedOut = new Map<Delivery, number>()
  const taken = new Set<number>()
  const closing = new AbortController()
  const isReady = (at: number, { state }: Held): boolean =>
    !taken.has(at) && (kind === 'positions' ? at >= from : state !== 'acked')
  return {
    async next({ maxMessages, waitMs }) {
      const ready = [...entries.entries()].filter(([at, entry]) => isReady(at, entry)).slice(0, maxMessages)
      if (closing.signal.aborted) return []
      if (ready.length === 0) {
        await sleep(waitMs, undefined, { signal: closing.signal }).catch(() => undefined)
        return []
      }
      return ready.map(([at, entry]) => {
        taken.add(at)
        const delivery: Delivery = {
          message: entry.message,
          place,
          partition: '0',
          position: kind === 'positions' ? BigInt(at) : null,
          nativeId: kind === 'ids' ? `${place}/${at}` : null,
          redelivered: entry.state === 'out',
          deliveryCount: null,
          bytes: messageBytes(entry.message),
        }
        write(place, { out: at })
        entry.state = 'out'
        handedOut.set(delivery, at)
        return delivery
      })
    },
    async settle(deliveries) {
      cross('before', `settle at ${place}`)
      deliveries.forEach((delivery, index) => {
        const at = handedOut.get(delivery)
        const entry = at === undefined ? undefined : entries[at]
        if (at === undefined || entry === undefined) return
        write(place, { ack: at })
        entry.state = 'acked'
        if (index < deliveries.length - 1) cross('after', `a part of a settlement at ${place}`)
      })
      cross('after', `settle at ${place}`)
    },
    extend: async () => undefined,
    async close(settled) {
      closing.abort()
      await settled
    },
  }
}

function load(file: string): Held[] {
  const entries: Held[] = []
  if (!existsSync(file)) return entries
  for (const text of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
    const line = JSON.parse(text) as Line
    if ('put' in line) entries.push({ message: unpacked(line.put), uniqueId: line.id, state: 'waiting' })
    else {
      const entry = entries['out' in line ? line.out : line.ack]
      if (entry !== undefined) entry.state = 'out' in line ? 'out' : 'acked'
    }
  }
  return entries
}

const base64 = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('base64')
const bytesOf = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, 'base64'))

function packed({ key, body, headers }: Message) {
  return {
    key: base64(key),
    body: base64(body),
    headers: headers.map(({ name, value }) => ({ name, value: base64(value) })),
  }
}

function unpacked({ key, body, headers }: ReturnType<typeof packed>): Message {
  return {
    key: bytesOf(key),
    body: bytesOf(body),
    headers: headers.map(({ name, value }) => ({ name, value: bytesOf(value) })),
  }
}
