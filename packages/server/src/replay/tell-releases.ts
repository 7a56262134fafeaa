import { type Broker, budgetFor, encodeWire, freshWire, type Message, type SendResult } from '@redrive/worker'
import type { Store } from '../store/store.ts'
import { destinationOf } from './destination.ts'
import { storable } from './storable.ts'

interface Due {
  readonly letter_id: string
  readonly tries: number
  readonly key: string
  readonly at: string
  readonly broker: string
  readonly system: string
  readonly wire_id: string
  readonly origin_place: string
  readonly consumer: string
  readonly message_key: Buffer | null
}

const maxNotices = 500

/**
 * Tells workers that keep lines which letters were discarded. A word that may not have arrived is sent again, which does no harm: who is out of his line is out.
 * @returns how many were told
 */
export async function tellReleases(store: Store, brokers: ReadonlyMap<string, Broker>): Promise<number> {
  const { rows } = await store.pool.query<Due>({
    name: 'due-releases',
    text: `
      select n.letter_id, n.tries, k.key, h.at, s.broker, s.system, c.wire_id, c.origin_place, c.consumer, c.key as message_key
      from release_notice n join letter_line h on h.letter_id = n.letter_id join key_line k on k.id = n.line_id
        join letter l on l.id = n.letter_id join letter_content c on c.id = n.letter_id join source s on s.id = l.source_id
      where n.sent_at is null and n.due_at <= now() order by n.due_at limit ${maxNotices}`,
  })
  let told = 0
  for (const [key, due] of Map.groupBy(rows, (row) => JSON.stringify([row.broker, placeOf(row, brokers)]))) {
    const [name, place] = JSON.parse(key) as [string, string | null]
    const broker = brokers.get(name)
    const results = broker === undefined || place === null ? [] : await send(broker, place, due)
    for (const [index, row] of due.entries()) {
      const result = results[index]
      if (result?.kind === 'sent') told += 1
      await note(store, row, result)
    }
  }
  return told
}

function placeOf(row: Due, brokers: ReadonlyMap<string, Broker>): string | null {
  const broker = brokers.get(row.broker)
  if (broker === undefined) return null
  const to = destinationOf(
    {
      broker: row.broker,
      originPlace: row.origin_place,
      consumer: row.consumer,
      ours: true,
      nativeDelay: broker.capabilities.nativeDelay !== false,
    },
    'lane',
  )
  return 'place' in to ? to.place : null
}

async function send(broker: Broker, place: string, due: readonly Due[]): Promise<readonly SendResult[]> {
  try {
    return await broker.send(
      place,
      due.map((row) => ({ message: noticeOf(row, broker) })),
    )
  } catch (error) {
    const reason = `the broker's adapter failed: ${error instanceof Error ? error.message : String(error)}`
    return due.map(() => ({ kind: 'uncertain', reason }))
  }
}

/** With the letter's key, so that it goes the way its messages go. */
function noticeOf(row: Due, { capabilities }: Broker): Message {
  const wire = freshWire({
    id: row.wire_id,
    origin: {
      system: row.system,
      place: row.origin_place,
      consumer: row.consumer,
      partition: null,
      position: null,
      nativeId: null,
      timestampMs: null,
    },
    line: { key: row.key, at: Number(row.at), behind: null },
    notice: 'release',
  })
  const bare: Message = { key: row.message_key, body: null, headers: [] }
  return { ...bare, headers: encodeWire(wire, null, budgetFor(capabilities, bare)) }
}

async function note(store: Store, { letter_id, tries }: Due, result: SendResult | undefined): Promise<void> {
  if (result?.kind === 'sent') {
    await store.pool.query(`update release_notice set sent_at = now(), problem = null where letter_id = $1`, [
      letter_id,
    ])
    return
  }
  const problem = storable(result?.reason ?? 'the office has no connection of this name any more')
  await store.pool.query(
    `update release_notice set tries = tries + 1, problem = $2, due_at = now() + make_interval(secs => $3) where letter_id = $1`,
    [letter_id, problem, Math.min(60, 0.5 * 2 ** tries)],
  )
}
