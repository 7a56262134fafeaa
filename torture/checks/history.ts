import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs'
import type pg from 'pg'
import type { SinkLine, TortureMessage } from '../messages.ts'
import type { Stop } from '../operator.ts'

export interface Histories {
  readonly databaseUrl: string
  /** Number → hash of the body. */
  readonly produced: ReadonlyMap<number, string>
  readonly sink: string
  readonly stops: readonly Stop[]
  /** When the process that sends was killed. */
  readonly officeKilledAtMs: readonly number[]
}

/** The histories side by side, read once. */
export interface History extends Histories {
  readonly handled: readonly SinkLine[]
  readonly letters: readonly Letter[]
  /** By replay id. */
  readonly attempts: ReadonlyMap<string, Attempt>
  /** Hashes of the bodies that people wrote, by message: what was edited and died again is another letter with that body. */
  readonly edited: ReadonlyMap<number, ReadonlySet<string>>
}

export interface Letter {
  readonly id: string
  readonly n: number
  readonly state: string
  readonly changedAtMs: number
  /** Of a run that is over, though the letter still waits for one. */
  readonly isStranded: boolean
  readonly death: string | null
}

export interface Attempt {
  readonly id: string
  readonly letterId: string
  readonly n: number
  readonly state: string
  readonly outcome: string
  readonly intendedAtMs: number
  readonly bodySha256: string
}

export async function readHistory(client: pg.Client, histories: Histories): Promise<History> {
  const letters = await client.query(
    `select l.id, c.body, l.state::text, extract(epoch from l.changed_at)::float8 * 1000 as changed_at, c.wire_id, c.hops, c.replay_id,
       l.state = 'replaying' and not exists (
         select from redrive.plan_letter p join redrive.run r on r.plan_id = p.plan_id
         where p.letter_id = l.id and r.state in ('running', 'paused', 'halted')) as stranded
     from redrive.letter l join redrive.letter_content c on c.id = l.id`,
  )
  const numbers = new Map<string, number>(letters.rows.map(({ id, body }) => [id, numberOf(body)]))
  const attempts = await client.query(
    `select id, letter_id, state, outcome, extract(epoch from intended_at)::float8 * 1000 as intended_at, encode(body_sha256, 'hex') as body
     from redrive.attempt`,
  )
  const versions = await client.query(
    `select letter_id, encode(body_sha256, 'hex') as body from redrive.letter_version`,
  )
  const edited = new Map<number, Set<string>>()
  for (const { letter_id, body } of versions.rows) {
    const n = numbers.get(letter_id) ?? -1
    edited.set(n, (edited.get(n) ?? new Set()).add(body))
  }
  return {
    ...histories,
    handled: sinkLines(histories.sink),
    letters: letters.rows.map((row) => ({
      id: row.id,
      n: numbers.get(row.id) ?? -1,
      state: row.state,
      changedAtMs: row.changed_at,
      isStranded: row.stranded,
      death: row.wire_id === null ? null : `${row.wire_id} hop ${row.hops} replay ${row.replay_id}`,
    })),
    attempts: new Map(
      attempts.rows.map((row) => [
        row.id,
        {
          id: row.id,
          letterId: row.letter_id,
          n: numbers.get(row.letter_id) ?? -1,
          state: row.state,
          outcome: row.outcome,
          intendedAtMs: row.intended_at,
          bodySha256: row.body,
        },
      ]),
    ),
    edited,
  }
}

export function sinkLines(file: string): readonly SinkLine[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as SinkLine] : []))
}

/** Of the messages in a sink, which only grows. Each call reads what is new: over an hour it becomes too much to be read again every second. */
export function numbersIn(file: string): () => ReadonlySet<number> {
  const chunk = Buffer.alloc(65_536)
  const numbers = new Set<number>()
  let at = 0
  let rest = ''
  return () => {
    if (!existsSync(file)) return numbers
    const handle = openSync(file, 'r')
    try {
      for (let read = 0; (read = readSync(handle, chunk, 0, chunk.length, at)) > 0; at += read) {
        const lines = `${rest}${chunk.toString('latin1', 0, read)}`.split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) if (line.endsWith('}')) numbers.add((JSON.parse(line) as SinkLine).n)
      }
    } finally {
      closeSync(handle)
    }
    return numbers
  }
}

export function numberOf(body: Buffer): number {
  return (JSON.parse(body.toString('utf8')) as TortureMessage).n
}
