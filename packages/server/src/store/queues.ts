import type pg from 'pg'

export interface QueueKey {
  readonly broker: string
  readonly system: string
  readonly place: string
}

export interface Queue {
  readonly id: number
  readonly name: string
}

/** The queue of a place, made when it is new: named after the place, and after its broker too when that name is taken. */
export async function ensureQueue(pool: pg.Pool, { broker, system, place }: QueueKey): Promise<Queue> {
  const names = [place, `${place}@${broker}`, ...Array.from({ length: 8 }, (_, n) => `${place}@${broker}-${n + 2}`)]
  for (const name of names) {
    const found = await pool.query<Queue>('select id, name from queue where broker = $1 and place = $2', [
      broker,
      place,
    ])
    if (found.rows[0] !== undefined) return found.rows[0]
    const made = await pool.query<Queue>(
      'insert into queue (name, broker, system, place) values ($1, $2, $3, $4) on conflict do nothing returning id, name',
      [name, broker, system, place],
    )
    if (made.rows[0] !== undefined) return made.rows[0]
  }
  throw new Error(`no name is left for queue ${place}`)
}
