import { createHash } from 'node:crypto'
import type { Header, Tier } from '@redrive/worker'
import { recordTransfers, type Transfer } from '../../packages/server/src/ledger/record-transfer.ts'
import { LetterRows } from '../../packages/server/src/store/letters.ts'
import type { Store } from '../../packages/server/src/store/store.ts'
import { termsOf } from '../../packages/server/src/store/terms.ts'
import { uuidSource, uuidText } from '../../packages/server/src/store/uuid.ts'

export const queues: readonly string[] = ['orders', 'payments', 'shipments', 'invoices', 'customs']

export interface ManyLetters {
  readonly letters: number
  /** Epoch milliseconds of the first and the last. */
  readonly from: number
  readonly to: number
  /** @default 600 */
  readonly bodyBytes?: number
  /** All of the first queue, and all open. @default false */
  readonly onlyOrders?: boolean
  /** @default a content type alone */
  readonly headers?: (n: number) => readonly Header[]
}

interface Cause {
  readonly id: bigint
  readonly queueId: number
  readonly tier: Tier
  readonly errorClass: string
  readonly say: (n: number) => string
  letters: number
  last: string
}

const causesPerQueue = 8
const batch = 5_000
const tiers: readonly Tier[] = ['transient', 'permanent', 'malformed', 'timeout', 'exhausted', 'unknown']
const kinds: readonly (readonly [string, (n: number) => string])[] = [
  ['ConnectionRefused', (n) => `connect ECONNREFUSED 10.0.${n % 4}.${n % 250}:443`],
  ['TypeError', () => "Cannot read properties of undefined (reading 'containerId')"],
  ['SyntaxError', (n) => `Unexpected token } in JSON at position ${n % 900}`],
  ['TimeoutError', () => 'no answer from inventory-service within 3000 ms'],
  ['ProcessCrashed', () => 'took its process down 3 times'],
  ['ReeferNotFound', (n) => `no reefer of type 40RH in terminal DEHAM for booking bkg-${n % 70_000}`],
  ['CreditRefused', (n) => `customer cus-${n % 50_000} is over its limit`],
  ['DuplicateOrder', (n) => `order ord-${n} was booked before`],
]
/** Of a hundred letters. */
const states = [
  ['open', 40],
  ['replayed', 45],
  ['discarded', 13],
  ['uncertain', 2],
] as const

/** Letters as an office holds them after a month: 5 queues, 40 causes of which few are frequent, 4 states, books that balance. */
export async function fillLetters(
  store: Store,
  { letters, from, to, bodyBytes = 600, onlyOrders = false, headers = contentType }: ManyLetters,
): Promise<void> {
  const { sourceId, causes } = await makeParents(store, from)
  await store.pool.query('drop index letter_content_terms')
  let atMs = from
  const nextId = uuidSource(() => atMs)
  const queueOf = (n: number): number => (onlyOrders ? 0 : n % queues.length)
  const rows = new LetterRows()
  const stack =
    'Error\n    at allocate (/srv/reefer/src/allocate.ts:41:11)\n    at handle (/srv/reefer/src/worker.ts:17:5)\n'.repeat(
      3,
    )
  for (let start = 0; start < letters; start += batch) {
    rows.reset()
    for (let n = start; n < Math.min(letters, start + batch); n++) {
      atMs = from + Math.floor(((to - from) * n) / letters)
      // The frequent ones come first: every second letter is of one of three causes of its queue.
      const pick = (n * 2_654_435_761) % 1_000
      const cause = causes[queueOf(n) * causesPerQueue + Math.floor(causesPerQueue * (pick / 1_000) ** 2)]
      if (cause === undefined) throw new Error('no cause')
      const id = nextId()
      const key = Buffer.from(`ord-${n}`)
      const body = bodyOf(n, bodyBytes)
      const message = cause.say(n)
      cause.letters++
      cause.last = uuidText(id)
      rows.add({
        id,
        queueId: cause.queueId,
        sourceId,
        causeId: cause.id,
        identity: createHash('md5').update(String(n)).digest(),
        message: {
          key,
          body,
          headers: headers(n),
          timestampMs: atMs,
        },
        redacted: [],
        bodySha256: createHash('sha256').update(body).digest(),
        bytes: body.length,
        partition: String(n % 6),
        position: BigInt(n),
        read: {
          facts: {
            originSystem: 'kafka',
            originPlace: queues[queueOf(n)] ?? '',
            consumer: 'reefer',
            errorClass: cause.errorClass,
            message,
            stack,
            attempts: 5,
            firstFailedAtMs: atMs - 60_000,
            lastFailedAtMs: atMs,
            service: 'reefer',
            release: `1.${Math.floor((n * 12) / letters)}.0`,
            host: `reefer-${n % 8}`,
          },
          readers: ['redrive'],
          failureHeaders: [],
          confidence: {},
        },
        terms: termsOf(key, message, body),
      })
    }
    await store.transaction((client) => rows.insert(client))
  }
  await unhurried(store, ['create index letter_content_terms on letter_content using gin (terms)'])
  await settle(store, causes, onlyOrders ? [] : states)
  await unhurried(store, ['vacuum (analyze) letter', 'vacuum (analyze) letter_content', 'analyze'])
}

const contentType = (): readonly Header[] => [{ name: 'content-type', value: Buffer.from('application/json') }]

/** As long as they take: an office's own statements have a limit. */
async function unhurried(store: Store, statements: readonly string[]): Promise<void> {
  const client = await store.pool.connect()
  try {
    await client.query('set statement_timeout to 0')
    for (const statement of statements) await client.query(statement)
  } finally {
    client.release(true)
  }
}

/** With the words people search for: an order, a customer, a booking, a container. */
function bodyOf(n: number, bytes: number): Buffer {
  const body = {
    orderId: `ord-${n}`,
    customerId: `cus-${n % 50_000}`,
    booking: `bkg-${n % 70_000}`,
    container: { id: `MSKU${String(1_000_000 + (n % 900_000))}`, type: 'reefer-40ft', setPoint: -18 },
    route: { from: 'DEHAM', to: n % 3 === 0 ? 'SGSIN' : 'BRSSZ' },
    note: note.repeat(Math.max(1, Math.ceil((bytes - 220) / note.length))),
  }
  return Buffer.from(JSON.stringify(body))
}

const note = 'temperature controlled cargo, keep connected to power at all times '

async function makeParents(
  store: Store,
  from: number,
): Promise<{ readonly sourceId: number; readonly causes: readonly Cause[] }> {
  const source = await store.pool.query<{ id: number }>(
    `insert into source (broker, system, place, role) values ('kafka', 'kafka', 'dead-letter', 'dead-letter') returning id`,
  )
  const made = await store.pool.query<{ id: number }>(
    `insert into queue (name, broker, system, place) select name, 'kafka', 'kafka', name from unnest($1::text[]) as name returning id`,
    [queues],
  )
  const causes = made.rows.flatMap(({ id: queueId }, queue) =>
    kinds.map(([errorClass, say], kind): Cause => {
      const id = createHash('sha256').update(`${queue}/${kind}`).digest().readBigInt64BE()
      return { id, queueId, tier: tiers[kind % tiers.length] ?? 'unknown', errorClass, say, letters: 0, last: '' }
    }),
  )
  for (const { id, queueId, tier, errorClass, say } of causes) {
    const key = createHash('sha256').update(String(id)).digest()
    await store.pool.query(
      `insert into cause (id, queue_id, consumer, tier, title, error_class, template, fingerprint_version, fingerprint_key, basis, parts,
         first_seen, last_seen, sample_letter, first_letter)
       values ($1, $2, 'reefer', $3, $4, $5, $4, 1, $6, 'stack', '[]', $7, $7, gen_random_uuid(), gen_random_uuid())`,
      [
        id.toString(),
        queueId,
        tier,
        `${errorClass}: ${say(1).replaceAll(/\d+/g, '<n>')}`,
        errorClass,
        key,
        new Date(from),
      ],
    )
  }
  return { sourceId: source.rows[0]?.id ?? 0, causes }
}

/** States, counts of causes, and the books of it all, a few hundred letters a transfer. */
async function settle(
  store: Store,
  causes: readonly Cause[],
  wanted: readonly (readonly [string, number])[],
): Promise<void> {
  let from = 0
  for (const [state, share] of wanted) {
    if (state !== 'open') {
      await store.pool.query(
        `update letter set state = $1, revision = 2 where get_byte(identity, 0) * 256 + get_byte(identity, 1) between $2 and $3`,
        [state, Math.floor(from * 655.36), Math.floor((from + share) * 655.36) - 1],
      )
    }
    from += share
  }
  for (const { id, letters, last } of causes.filter(({ letters }) => letters > 0)) {
    await store.pool.query(
      'update cause set letters = $2, sample_letter = $3, last_seen = uuid_extract_timestamp($3::uuid), first_letter = coalesce((select id from letter where cause_id = $1 order by id limit 1), first_letter) where id = $1',
      [id.toString(), letters, last],
    )
  }
  await store.pool.query(
    `insert into cause_hour (cause_id, hour, letters)
     select cause_id, date_trunc('hour', uuid_extract_timestamp(id)), count(*) from letter group by 1, 2`,
  )
  await store.pool.query(
    `insert into cause_facet (cause_id, facet, value, letters, first_seen, last_seen)
     select l.cause_id, f.facet, f.value, count(*), min(uuid_extract_timestamp(l.id)), max(uuid_extract_timestamp(l.id))
     from letter l join letter_content c on c.id = l.id, lateral (values ('release', c.release), ('host', c.host)) as f(facet, value)
     group by 1, 2, 3`,
  )
  const { rows } = await store.pool.query<{ queue_id: number; state: string; letters: number }>(
    'select queue_id, state::text, count(*)::int as letters from letter group by 1, 2',
  )
  for (const { queue_id: queueId, state, letters } of rows) {
    const parts = Math.ceil(letters / 200)
    const transfers: Transfer[] = []
    for (let part = 0; part < parts; part++) {
      const size = Math.floor((letters * (part + 1)) / parts) - Math.floor((letters * part) / parts)
      transfers.push({ queueId, from: 'source', to: 'open', letters: size, what: 'captured' })
      if (state !== 'open')
        transfers.push({ queueId, from: 'open', to: state as Transfer['to'], letters: size, what: 'replay' })
    }
    await store.transaction((client) => recordTransfers(client, transfers))
  }
  await store.pool.query(
    `insert into source_position (source_id, partition, next_position, delivered, letters)
     select source_id, '0', count(*), count(*), count(*) from letter group by 1`,
  )
}
