import { randomUUID } from 'node:crypto'
import type { Producer } from '@platformatic/kafka'
import type pg from 'pg'
import type { Store } from '../packages/server/src/store/store.ts'

/** What of a plan and its run the statements below name. */
export interface LimitRun {
  readonly store: Store
  /** Connected. */
  readonly producer: Producer
  readonly topic: string
  /** A plan that was not run yet, of so many letters. */
  readonly plan: string
  readonly letters: number
  /** Letters sent at a time. */
  readonly batch: number
}

/**
 * The least that any replay with the promises of the office does, with none of its code: all letters `replaying` in one statement, then batch by batch an
 * intent that is durable before its send, the contents copied out and no more than cut into fields, the send, and letters and books moved on with
 * what became of it. Batches overlap as in the office, but intent and contents are asked for at once. It makes no wire, hashes nothing, looks at
 * no edits, doubts, lines, leases, paces and rules, and has one result for all letters.
 *
 * @returns letters a second
 */
export async function limitOf(run: LimitRun): Promise<number> {
  const { store, letters, batch } = run
  const reader = await store.pool.connect()
  const runId = randomUUID()
  const claim = async (from: number): Promise<readonly Row[]> => {
    const [rows] = await Promise.all([read(reader, run, from), intend(run, runId, from)])
    return rows
  }
  const startedAt = performance.now()
  try {
    await start(run, runId)
    let next = claim(0)
    let noted: Promise<void> = Promise.resolve()
    for (let from = 0; from < letters; from += batch) {
      const rows = await next
      if (from + batch < letters) next = claim(from + batch)
      await send(run, rows, from)
      await noted
      noted = mark(run, runId, from)
    }
    await noted
  } finally {
    reader.release()
  }
  return letters / ((performance.now() - startedAt) / 1000)
}

async function start({ store, plan, letters }: LimitRun, runId: string): Promise<void> {
  await store.transaction(async (client) => {
    await client.query(`insert into run (id, plan_id, started_by) values ($1, $2, 'limit')`, [runId, plan])
    await client.query(
      `with moved as (
         update letter l set state = 'replaying', revision = l.revision + 1, changed_at = now()
         from plan_letter p where p.plan_id = $1 and l.id = p.letter_id and l.state::text = 'open' and l.revision = p.revision
         returning l.queue_id
       ) ${books({ from: 'open', to: 'replaying' })}`,
      [plan],
    )
    const { rows } = await client.query<{ n: number }>(
      `select count(*)::int as n from letter where state = 'replaying'`,
    )
    if (rows[0]?.n !== letters) throw new Error(`${String(rows[0]?.n)} of ${letters} letters are under way`)
  })
}

/** Two balanced entries a queue. */
function books({ from, to }: { readonly from: string; readonly to: string }): string {
  return `
    insert into ledger_entry (transfer, queue_id, account, letters, what)
    select transfer, queue_id, account, sign * letters, 'bench'
    from (select gen_random_uuid() as transfer, queue_id, count(*) as letters from moved group by queue_id) as moved,
      (values ('${from}', -1), ('${to}', 1)) as side (account, sign)`
}

async function intend({ store, batch, letters }: LimitRun, runId: string, from: number): Promise<void> {
  await store.pool.query({
    name: 'limit-intend',
    text: 'insert into intent (run_id, from_ordinal, to_ordinal) values ($1, $2, $3)',
    values: [runId, from, Math.min(from + batch, letters)],
  })
}

async function mark({ store, plan, batch, letters }: LimitRun, runId: string, from: number): Promise<void> {
  const to = Math.min(from + batch, letters)
  await store.pool.query({
    name: 'limit-mark',
    text: `
      with noted as (
        update intent set noted_at = now(), results = $5, sent = $4::int - $3::int where run_id = $1 and from_ordinal = $3
      ), moved as (
        update letter l set state = 'replayed', revision = l.revision + 1, changed_at = now()
        from plan_letter p
        where p.plan_id = $2 and p.ordinal >= $3 and p.ordinal < $4 and l.id = p.letter_id and l.state::text = 'replaying'
        returning l.queue_id
      ) ${books({ from: 'replaying', to: 'replayed' })}`,
    values: [runId, plan, from, to, Buffer.alloc(to - from, 's')],
  })
}

interface Row {
  readonly key: Buffer
  readonly body: Buffer
}

/** The columns that a replay needs of a letter that nobody touched, as the server sends them. */
async function read(client: pg.PoolClient, { plan, batch }: LimitRun, from: number): Promise<readonly Row[]> {
  const sql = `copy (
      select c.key, c.body, l.ordinal, l.body_sha256, c.headers, c.properties, c.failure_headers, c.wire_id, c.hops, c.origin_system, c.origin_place,
        c.origin_partition, c.origin_position, c.consumer, c.traceparent, c.timestamp_ms
      from plan_letter l left join letter_content c on c.id = l.letter_id
      where l.plan_id = '${plan}' and l.ordinal >= ${from} and l.ordinal < ${from + batch} order by l.ordinal
    ) to stdout (format binary)`
  const rows: Row[] = []
  await new Promise<void>((resolve, reject) => {
    client.query({
      submit: (connection: pg.Connection) => connection.query(sql),
      handleCopyData: ({ chunk }: { readonly chunk: Buffer }) => {
        if (chunk.length < 21) return
        const bytes = Buffer.from(chunk)
        const at = (rows.length === 0 ? 19 : 0) + 6
        const keyEnd = at + bytes.readInt32BE(at - 4)
        rows.push({
          key: bytes.subarray(at, keyEnd),
          body: bytes.subarray(keyEnd + 4, keyEnd + 4 + bytes.readInt32BE(keyEnd)),
        })
      },
      handleCommandComplete: () => undefined,
      handleReadyForQuery: () => resolve(),
      handleError: reject,
    } as never)
  })
  return rows
}

const type = [Buffer.from('content-type'), Buffer.from('application/json')] as const
/** As long as a wire. */
const wire = [Buffer.from('redrive'), Buffer.alloc(400, 'x')] as const

async function send({ producer, topic }: LimitRun, rows: readonly Row[], from: number): Promise<void> {
  await producer.send({
    messages: rows.map(({ key, body }, n) => ({
      topic,
      partition: (from + n) % 6,
      key,
      value: body,
      headers: new Map([type, wire]),
    })) as never,
    acks: -1,
    idempotent: false,
    autocreateTopics: false,
  })
}
