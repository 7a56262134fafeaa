import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { lookOnce } from '../src/alerts/index.ts'
import { defaultRetention, type NamingRule } from '../src/config/index.ts'
import { routes } from '../src/http/routes/index.ts'
import { checkLedger } from '../src/ledger/index.ts'
import { maskingOff } from '../src/masking/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { termHash, wordsOf } from '../src/store/terms.ts'
import { memoryPlace } from '../src/testing/memory-place.ts'
import { api } from './api-bed.ts'
import type { OfficeBed } from './office-bed.ts'
import { until } from './office-bed.ts'
import { cores, hitsIn, planted } from './planted-secrets.ts'
import { aged, passed } from './retention-bed.ts'

const rules: readonly NamingRule[] = [
  ...(['email', 'card-number', 'iban', 'jwt', 'secret-key', 'private-key'] as const).map((pattern) => ({ pattern })),
  ...['$.customer.name', '**.birthday', '**.*password*', '**.secret', '**.*token*', '**.apikey'].map((path) => ({
    path,
  })),
  ...['x-customer', 'x-api-key', '*cookie'].map((header) => ({ header })),
]

/** Of what workers tell of messages that they handled. */
const report = {
  ...{ v: 1, queue: 'orders', consumer: 'reefer', handled: 980, retried: 1, discarded: 0, skipped: 0, died: {} },
  samples: [
    {
      partition: null,
      headers: [['x-customer', 'planted-customer'], ['trace', 'for erika60@planted.example'], ['other']],
      body: '{"customer":{"name":"planted-name"},"n":1,"mail":"erika61@planted.example"}',
    },
  ],
}

/** All that the database holds, by table. */
async function stored(bed: OfficeBed): Promise<ReadonlyMap<string, string>> {
  const { rows: tables } = await bed.store.pool.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
      where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`,
  )
  assert.ok(tables.length > 40, String(tables.length))
  const all = new Map<string, string>()
  for (const { name } of tables) {
    const { rows } = await bed.store.pool.query<Record<string, unknown>>(`select * from ${name}`)
    const texts = rows.flatMap((row) =>
      Object.values(row).map((value) =>
        Buffer.isBuffer(value)
          ? `${value.toString('latin1')}\n${value.toString('latin1').replaceAll('\0', '')}`
          : typeof value === 'string'
            ? value
            : JSON.stringify(value),
      ),
    )
    all.set(name, texts.join('\n'))
  }
  return all
}

/** All that an operator is shown who asks for everything. */
async function shown(
  bed: OfficeBed,
  ask: (path: string) => Promise<string>,
  letters: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const ids = async (sql: string): Promise<readonly string[]> =>
    (await bed.store.pool.query<{ id: string }>(sql)).rows.map(({ id }) => id)
  await lookOnce(bed.store, { config: { limits: [], routes: [{ notify: ['team'] }] }, officeUrl: null })
  const causes = JSON.parse(await ask('/api/v1/causes?limit=200')) as { causes: { id: string }[] }
  const plan = await bed.plan({ query: 'state:open' })
  const run = await bed.run(plan)
  const paths = routes
    .filter(({ method, path }) => method === 'GET' && !path.includes(':'))
    .map(({ path }) => `${path}${path.includes('replay') ? '?from=2026-01-01T00:00:00Z' : ''}`)
  const all = [
    ...paths,
    ...paths.map((path) => (path === '/api/v1/letters' ? `${path}?q=state:any&limit=200` : path)),
    ...letters.flatMap((id) => ['', '/body', '/versions'].map((end) => `/api/v1/letters/${id}${end}`)),
    ...causes.causes.flatMap(({ id }) => ['', '/history', '/common'].map((end) => `/api/v1/causes/${id}${end}`)),
    ...['', '/letters', '/report'].map((end) => `/api/v1/runs/${run.id}${end}`),
    `/api/v1/plans/${plan.id}`,
    '/api/v1/queues/-?name=orders',
  ]
  assert.ok((await ids('select id::text from notification')).length > 0, 'somebody is told')
  const answers = new Map<string, string>()
  for (const path of all) {
    const reveal = /letters\/l_[^/]*(?:\/body)?$/.test(path) ? '?reveal=all' : ''
    answers.set(path, await ask(path + reveal))
  }
  return answers
}

interface Kept {
  readonly tables: ReadonlyMap<string, string>
  readonly answers: ReadonlyMap<string, string>
  readonly archive: string
  readonly bed: OfficeBed
}

async function everythingKept(t: TestContext, given: readonly NamingRule[]): Promise<Kept> {
  const place = memoryPlace()
  const { bed, url, token } = await api(t, { redaction: { rules: given }, masking: maskingOff, place })
  const nowMs = Date.now()
  const traffic = { ...report, fromMs: nowMs - 60_000, toMs: nowMs - 1 }
  const worker = { service: 'reefer', release: null, host: null }
  const told = Buffer.from(JSON.stringify({ replayId: crypto.randomUUID(), worker, traffic }))
  await bed.broker.send('redrive-receipts', [{ message: { key: null, body: told, headers: [] } }])
  const ids = await bed.captured(...planted)
  await until('the report is counted', async () => {
    const { rowCount } = await bed.store.pool.query('select from traffic_sample')
    return rowCount === 1 ? true : undefined
  })
  const ask = async (path: string): Promise<string> => {
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
    assert.ok(answer.status < 500, `${path}: ${answer.status}`)
    return Buffer.from(await answer.arrayBuffer()).toString('utf8')
  }
  const answers = await shown(bed, ask, ids.map(showLetterId).slice(0, 8))
  const ended = ids.slice(0, 4)
  const tables = await stored(bed)
  assert.equal((await checkLedger(bed.store)).unaccounted, 0)
  await bed.store.pool.query(`update letter set state = 'discarded' where id = any($1::uuid[])`, [ended])
  await aged(bed, ended, 31)
  await passed(bed, { ...defaultRetention, afterwards: 'archive' }, place)
  const files = Array.from(place.files.values(), (bytes) => Buffer.from(bytes).toString('latin1'))
  assert.ok(files.length > 0, 'they are archived')
  return { bed, tables, answers, archive: files.join('\n') }
}

test('what rules of redaction name is in no table, no archive and no answer', async (t) => {
  const { bed, tables, answers, archive } = await everythingKept(t, rules)
  for (const [table, text] of tables) assert.deepEqual(hitsIn(text), [], table)
  for (const [path, text] of answers) assert.deepEqual(hitsIn(text), [], path)
  assert.deepEqual(hitsIn(archive), [])

  const { rows } = await bed.store.pool.query<{ terms: number[]; body: Buffer; body_sha256: Buffer }>(
    'select terms, body, body_sha256 from letter_content where body is not null',
  )
  const secret = new Set(cores.flatMap(wordsOf).map(termHash))
  for (const { terms, body, body_sha256 } of rows) {
    assert.deepEqual(
      terms.filter((term) => secret.has(term)),
      [],
      'nothing of it can be searched for',
    )
    assert.deepEqual(createHash('sha256').update(body).digest(), body_sha256, 'the hash is that of what is kept')
  }
  const lost = await bed.store.pool.query<{ redacted: string[] }>(
    'select redacted from letter_content where redacted is not null order by id limit 1',
  )
  const { redacted = [] } = lost.rows[0] ?? {}
  for (const each of ['email in key', 'email in body', 'header x-customer in headers', 'email in error'])
    assert.ok(redacted.includes(each), `${each}: ${redacted.join(', ')}`)
  const { rows: harmless } = await bed.store.pool.query<{ letters: number }>(
    `select count(*)::int as letters from letter_content where redacted is null`,
  )
  assert.equal(harmless[0]?.letters, 30, 'letters in which nothing is named stay as they are')
})

test('without such rules all of it is found, so looking for it can fail', async (t) => {
  const { tables, answers, archive } = await everythingKept(t, [])
  const hits = (texts: Iterable<string>): ReadonlySet<string> => new Set([...texts].flatMap(hitsIn))
  assert.ok(hits(tables.values()).size >= 30, String(hits(tables.values()).size))
  for (const table of ['cause', 'traffic_sample', 'notification'])
    assert.ok(hitsIn(tables.get(`redrive.${table}`) ?? '').length > 0, table)
  assert.ok(hits(answers.values()).size >= 30, String(hits(answers.values()).size))
  assert.ok(hitsIn(archive).length > 0)
})
