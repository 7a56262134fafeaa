import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { lookOnce } from '../src/alerts/index.ts'
import { type ArchivePlace, openArchivePlace } from '../src/archive/index.ts'
import { commentOnCause } from '../src/causes/index.ts'
import { defaultRetention } from '../src/config/index.ts'
import { examine } from '../src/doctor/index.ts'
import { beginErasure, erasureOnce, forgetPlans, planErasure, showErasure } from '../src/erasure/index.ts'
import { checkLedger } from '../src/ledger/index.ts'
import { discardLetters, type EverySelection, listLetters, showLetter } from '../src/letters/index.ts'
import { editLetter } from '../src/repair/index.ts'
import { showCauseId, showLetterId } from '../src/store/ids.ts'
import { api } from './api-bed.ts'
import { commandLine } from './command-line.ts'
import { type DeadLetter, type OfficeBed, officeBed, until, uuidOf } from './office-bed.ts'
import { aged, capturedIn, neverAborted, passed } from './retention-bed.ts'

const key = 'customer-4711'
const hers: DeadLetter = {
  key,
  body: 'of Anna',
  error: 'nobody named Anna Zwirbel is known',
  errorClass: 'CustomerError',
}
const his: DeadLetter = {
  key: 'customer-9',
  body: 'of Bert',
  error: 'nobody named Bert Alting is known',
  errorClass: 'CustomerError',
}

const planned = (bed: OfficeBed, selection: EverySelection = { key }): Promise<string> =>
  planErasure(bed.store, { selection, by: 'dpo', nowMs: Date.now() })

async function begun(bed: OfficeBed, selection?: EverySelection, alsoWords = false): Promise<string> {
  const erasure = await planned(bed, selection)
  const { letters: expect } = await showErasure(bed.store, erasure)
  await beginErasure(bed.store, { erasure, by: 'dpo', reason: 'request 17', expect, alsoWords })
  return erasure
}

const passedOver = (bed: OfficeBed, place: ArchivePlace | null = null): Promise<void> =>
  erasureOnce(bed.store, { place, ownsServer: false, signal: neverAborted })

async function erased(bed: OfficeBed, selection?: EverySelection, alsoWords?: boolean) {
  const id = await begun(bed, selection, alsoWords)
  await passedOver(bed)
  return showErasure(bed.store, id)
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-erase-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const titles = async ({ store }: OfficeBed): Promise<string[]> =>
  (await store.pool.query<{ title: string }>('select title from cause order by title')).rows.map(({ title }) => title)

const ledgerOf = async ({ store }: OfficeBed) =>
  (await checkLedger(store)).queues.flatMap(({ accounts }) =>
    accounts.map((each) => [each.account, each.booked, each.counted]),
  )

test('what was frozen is erased, this many letters and no others, once, with a reason that names nobody', async (t) => {
  const bed = await officeBed(t)
  const [first = '', , ofBert = ''] = await bed.captured(hers, hers, his)
  const id = await planned(bed)
  await bed.captured(hers)
  const order = { erasure: id, by: 'dpo', reason: 'request 17', expect: 2, alsoWords: false }
  await assert.rejects(beginErasure(bed.store, { ...order, expect: 3 }), { code: 'PLAN_STALE' })
  await assert.rejects(beginErasure(bed.store, { ...order, reason: ' ' }), { code: 'REQUEST_INVALID' })
  await assert.rejects(beginErasure(bed.store, { ...order, reason: `${key} asked` }), { code: 'REQUEST_INVALID' })
  await passedOver(bed)
  assert.deepEqual(await bed.states(), { open: 4 }, 'a plan erases nothing')
  await beginErasure(bed.store, order)
  await assert.rejects(beginErasure(bed.store, order), { code: 'STATE_CONFLICT' })
  await passedOver(bed)
  assert.deepEqual(await bed.states(), { open: 2 })
  assert.deepEqual(await ledgerOf(bed), [
    ['erased', 2, 2],
    ['open', 2, 2],
  ])
  await bed.balanced()
  await assert.rejects(showLetter(bed.store, showLetterId(first)), { code: 'NOT_FOUND', message: /was erased on/ })
  assert.equal((await showLetter(bed.store, showLetterId(ofBert))).state, 'open')
  const { rows } = await bed.store.pool.query('select body_sha256, is_erased, timestamp_ms from tombstone')
  assert.deepEqual(
    rows.map(({ body_sha256, is_erased }) => [body_sha256, is_erased]),
    [
      [null, true],
      [null, true],
    ],
  )
  const { rows: left } = await bed.store.pool.query<{ n: number }>(
    `select (select count(*) from erasure_text)::int + (select count(*) from erasure_letter)::int + (select count(*) from outstanding)::int
       + (select count(*) from audit where details::text like '%' || $1 || '%')::int as n`,
    [key],
  )
  assert.equal(left[0]?.n, 2, 'nothing says what was asked for; two letters are outstanding')
  const nothing = await planned(bed, { key: 'nobody-has-this' })
  await assert.rejects(beginErasure(bed.store, { ...order, erasure: nothing, expect: 0 }), { code: 'REQUEST_INVALID' })
  await bed.store.pool.query(`update erasure set created_at = created_at - interval '25 hours'`)
  assert.equal(await forgetPlans(bed.store), 1)
  await assert.rejects(showErasure(bed.store, nothing), { code: 'NOT_FOUND' })
  assert.equal((await showErasure(bed.store, id)).state, 'done')
})

test('letters are found in every state, by a key that an edit has, by words and by ids, deleted ones too', async (t) => {
  const bed = await officeBed(t)
  const [edited = '', discarded = '', deleted = ''] = await bed.captured(
    { ...his, body: 'ask zwirbelina' },
    { ...hers, body: 'x' },
    { ...his, key: null },
  )
  await editLetter(bed.store, {
    letter: showLetterId(edited),
    change: { key: { text: key } },
    by: 'ann',
    reason: 'typo',
  })
  await discardLetters(bed.store, {
    selection: { letters: [discarded, deleted].map(showLetterId) },
    by: 'ann',
    reason: 'test',
    nowMs: Date.now(),
  })
  await aged(bed, [deleted], 40)
  assert.equal((await passed(bed)).deleted, 1)
  const count = async (selection: EverySelection) =>
    (await showErasure(bed.store, await planned(bed, selection))).letters
  assert.equal(await count({ key }), 2)
  assert.equal(await count({ query: 'zwirbelina' }), 1)
  assert.equal(await count({ query: `state:discarded key:${key}` }), 1)
  await assert.rejects(planned(bed, { query: ' ' }), { code: 'REQUEST_INVALID' })
  await assert.rejects(planned(bed, { key, query: 'x' }), { code: 'REQUEST_INVALID' })
  const { erased: gone, state } = await erased(bed, { letters: [deleted, discarded].map(showLetterId) })
  assert.deepEqual([gone, state], [2, 'done'])
  const { rows } = await bed.store.pool.query('select is_erased, body_sha256 from tombstone')
  assert.deepEqual(rows, Array(2).fill({ is_erased: true, body_sha256: null }))
  await bed.balanced()
  const { rows: hashes } = await bed.store.pool.query('select octet_length(body_sha256) as bytes from discard_letter')
  assert.deepEqual(hashes, [{ bytes: 0 }, { bytes: 0 }])
})

test('a cause that an erased letter named is named after one that stays, or after none', async (t) => {
  const bed = await officeBed(t)
  const words = (name: string): Partial<DeadLetter> => ({ errorClass: 'MailError', error: `cannot write to ${name}` })
  const stack = (name: string) =>
    `MailError: cannot write to ${name}\n    at send (/app/mail.js:3:1)\n    at main (/app/main.js:1:1)`
  const [one = ''] = await bed.captured({ ...hers, ...words('Anna Zwirbel'), stack: stack('Anna Zwirbel') })
  await bed.captured({ ...his, ...words('Bert Alting'), stack: stack('Bert Alting') })
  await bed.captured(hers)
  const causeOf = async (id: string) =>
    (await bed.store.pool.query<{ cause_id: string }>('select cause_id from letter where id = $1', [id])).rows[0]
      ?.cause_id
  const cause = await causeOf(one)
  // As if they had been put together, which their frames alone would do.
  await bed.store.pool.query(
    `update letter set cause_id = $1 where id in (select id from letter_content where body = 'of Bert')`,
    [cause],
  )
  await lookOnce(bed.store, {
    config: { limits: [], routes: [{ notify: ['team'] }] },
    officeUrl: null,
    nowMs: Date.now(),
  })
  assert.ok((await titles(bed)).some((title) => title.includes('Zwirbel')))
  const detail = await erased(bed)
  assert.equal(detail.state, 'done')
  const { rows } = await bed.store.pool.query<{ title: string; sample: string }>(
    'select title from cause where id = $1',
    [cause],
  )
  assert.equal(rows[0]?.title, 'MailError: cannot write to Bert Alting')
  assert.ok((await titles(bed)).includes('CustomerError: (erased)'))
  for (const table of ['cause', 'cause_shape', 'alert', 'notification', 'cause_event']) {
    const { rows: named } = await bed.store.pool.query(`select t::text from ${table} t where t::text ~ 'Zwirbel|4711'`)
    assert.deepEqual(named, [], table)
  }
  const { rows: said } = await bed.store.pool.query(`select from notification where notice::text like '%(erased)%'`)
  assert.ok(said.length > 0)
  await bed.captured(his)
  await bed.balanced()
})

test('what people wrote and told the office to do is counted, and only the first goes, if the erasure says so', async (t) => {
  for (const alsoWords of [false, true]) {
    const bed = await officeBed(t)
    const [one = '', , shared = ''] = await bed.captured(
      hers,
      { ...his, key: 'acme-shared' },
      { ...hers, key: 'acme-shared' },
    )
    const { rows: of } = await bed.store.pool.query<{ cause_id: string }>('select cause_id from letter where id = $1', [
      one,
    ])
    const cause = showCauseId(of[0]?.cause_id ?? '')
    await commentOnCause(bed.store, {
      cause,
      by: 'cleo',
      text: `"${key}" called; customer-47110 did not, nor old${key}; acme-shared`,
    })
    await discardLetters(bed.store, {
      selection: { query: `key:${key}` },
      by: 'ann',
      reason: 'for acme-shared',
      nowMs: Date.now(),
    })
    await bed.store.pool.query(
      `insert into queue_document (queue, field, origin, value, said_by) values ('orders', 'contact', 'api', $1, 'ann')`,
      [`ask ${key}`],
    )
    const id = await planned(bed, { query: `key:${key},acme-shared` })
    const { mentions } = await showErasure(bed.store, id)
    assert.deepEqual(mentions.settings, [{ place: 'queue_document.value', rows: 1 }])
    assert.deepEqual(
      mentions.office.map(({ place }) => place),
      ['audit.details', 'discard.selection'],
    )
    const own = await planned(bed, { letters: [one, shared].map(showLetterId) })
    assert.deepEqual((await showErasure(bed.store, own)).mentions.people, [
      { place: 'audit.reason', rows: 1 },
      { place: 'cause_event.said', rows: 1 },
    ])
    await beginErasure(bed.store, { erasure: own, by: 'dpo', reason: 'request 17', expect: 2, alsoWords })
    await passedOver(bed)
    const { rows } = await bed.store.pool.query<{ said: string }>(`select said from cause_event where what = 'comment'`)
    const said = alsoWords ? '(erased)' : key
    assert.equal(rows[0]?.said, `"${said}" called; customer-47110 did not, nor old${key}; acme-shared`)
    const { rows: plans } = await bed.store.pool.query('select selection, reason from discard')
    assert.deepEqual(plans, [{ selection: { query: 'key:(erased)' }, reason: 'for acme-shared' }])
    await assert.rejects(bed.store.pool.query(`update audit set reason = 'x'`), /append only/)
    await assert.rejects(bed.store.pool.query(`update cause_event set said = 'x'`), /append only/)
    await assert.rejects(bed.store.pool.query('delete from discard_letter'), /not rewritten/)
  }
})

test('what workers told of messages that went well is searched as well', async (t) => {
  const bed = await officeBed(t)
  const odd = 'customer "4711"'
  const [one = ''] = await bed.captured({ ...hers, key: odd }, his)
  for (const tenant of [odd, 'customer-1'])
    await bed.store.pool.query(
      `insert into traffic_sample (queue_id, consumer, at, stands_for, content) select queue_id, 'reefer', now(), 1, $2 from letter where id = $1`,
      [one, JSON.stringify({ headers: [['tenant', tenant]] })],
    )
  const erasure = await planned(bed, { key: odd })
  await beginErasure(bed.store, { erasure, by: 'dpo', reason: 'request 17', expect: 1, alsoWords: false })
  await passedOver(bed)
  const { rows } = await bed.store.pool.query('select content from traffic_sample')
  assert.deepEqual(rows, [{ content: '{"headers":[["tenant","customer-1"]]}' }])
})

test('letters that are being sent or in doubt wait, the others go, and a plan of them sends none', async (t) => {
  const bed = await officeBed(t)
  const [sending = '', doubtful = '', open = ''] = await bed.captured(hers, hers, hers)
  const run = await bed.run(await bed.plan({ letters: [showLetterId(sending)] }))
  const other = await bed.plan({ letters: [showLetterId(open)] })
  await bed.store.pool.query(`update letter set state = 'uncertain' where id = $1`, [doubtful])
  await bed.store.pool.query(
    `insert into ledger_entry (transfer, queue_id, account, letters, what) select $1::uuid, queue_id, a, n, 'test' from letter, (values ('open', -1), ('uncertain', 1)) v (a, n) where letter.id = $1`,
    [doubtful],
  )
  const id = await begun(bed)
  await passedOver(bed)
  const half = await showErasure(bed.store, id)
  assert.deepEqual([half.state, half.erased, half.problem, half.lettersGoneAt], ['running', 1, null, null])
  assert.ok(half.bytesGoneAt, 'bytes of what is gone are gone')
  assert.deepEqual(half.waiting, [
    { why: 'replaying', letters: 1 },
    { why: 'uncertain', letters: 1 },
  ])
  await assert.rejects(bed.run(other), { code: 'PLAN_STALE' })
  await bed.balanced()
  assert.equal((await findings(bed)).length, 0)
  await bed.store.pool.query(`update erasure set begun_at = begun_at - interval '25 hours'`)
  assert.match((await findings(bed))[0]?.why ?? '', /^2 letters of it cannot be erased yet/)

  bed.replayer()
  await until('the run is done', async () => {
    const { state } = await bed.runOf(run.id)
    return state === 'running' ? undefined : state
  })
  assert.equal(bed.messages('orders-retries-reefer').length, 1, 'what was being sent was sent whole')
  await discardLetters(bed.store, {
    selection: { letters: [showLetterId(doubtful)] },
    by: 'ann',
    reason: 'x',
    nowMs: Date.now(),
  })
  await passedOver(bed)
  const done = await showErasure(bed.store, id)
  assert.deepEqual([done.state, done.erased, done.left], ['done', 3, []])
  assert.deepEqual(await bed.states(), {})
  await bed.balanced()
  assert.equal((await bed.runOf(run.id)).state, 'done', 'the run is still told of')
})

async function findings(bed: OfficeBed) {
  const { findings: all } = await examine(bed.store, {
    unaccounted: 0,
    captures: [],
    disk: null,
    olderThanDays: 7,
    nowMs: Date.now(),
  })
  return all.filter(({ code }) => code === 'erasure-stuck')
}

test('a letter that a run claims at this moment is left whole', async (t) => {
  const bed = await officeBed(t)
  const [one = ''] = await bed.captured(hers, hers)
  const id = await begun(bed)
  const client = await bed.store.pool.connect()
  let pass: Promise<void>
  try {
    await client.query('begin')
    await client.query('select from letter where id = $1 for update', [one])
    pass = passedOver(bed)
    await until('the other is erased', async () => ((await showErasure(bed.store, id)).erased === 1 ? true : undefined))
  } finally {
    await client.query('commit')
    client.release()
  }
  await pass
  assert.deepEqual(await bed.states(), { open: 1 })
  const { rows } = await bed.store.pool.query('select octet_length(body) as bytes from letter_content')
  assert.deepEqual(rows, [{ bytes: 7 }])
  await passedOver(bed)
  assert.equal((await showErasure(bed.store, id)).state, 'done')
})

test('while somebody reads what was there before, bytes are not said to be gone', { timeout: 100_000 }, async (t) => {
  const bed = await officeBed(t)
  await bed.captured(hers)
  const id = await begun(bed)
  const reader = await bed.store.pool.connect()
  try {
    // It could still read her letter, and stands in the way of no table.
    await reader.query('begin isolation level repeatable read')
    await reader.query('select 1 from pg_database')
    const pass = erasureOnce(bed.store, { place: null, ownsServer: false, signal: neverAborted })
    await until('it is gone, and it was looked who reads', async () => {
      const { rowCount } = await bed.store.pool.query(
        `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and query like '%relfrozenxid%'`,
      )
      return (await showErasure(bed.store, id)).lettersGoneAt !== null && rowCount === 1 ? true : undefined
    })
    const waiting = await showErasure(bed.store, id)
    assert.deepEqual([waiting.state, waiting.erased, waiting.bytesGoneAt], ['running', 1, null])
    await reader.query('commit')
    await pass
  } finally {
    reader.release(true)
  }
  const done = await showErasure(bed.store, id)
  assert.deepEqual([done.state, done.left, done.erased], ['done', [], 1])
  assert.ok(done.bytesGoneAt)
})

test('letters in the line of a worker are discarded first, and erased once it knows', async (t) => {
  const bed = await officeBed(t)
  const [first = '', second = '', ofBert = ''] = await bed.captured(hers, hers, his)
  const { rows } = await bed.store.pool.query<{ id: string }>(
    `insert into key_line (queue_id, consumer, key, look_at) select queue_id, 'reefer', $2, now() from letter where id = $1 returning id`,
    [first, key],
  )
  for (const [at, id] of [first, second, ofBert].entries())
    await bed.store.pool.query('insert into letter_line (letter_id, line_id, at) values ($1, $2, $3)', [
      id,
      rows[0]?.id,
      at,
    ])
  const id = await begun(bed)
  await passedOver(bed)
  const waits = await showErasure(bed.store, id)
  assert.deepEqual([waits.state, waits.erased, waits.waiting], ['running', 0, [{ why: 'in-line', letters: 2 }]])
  assert.deepEqual(await bed.states(), { discarded: 2, open: 1 })
  await bed.store.pool.query('update release_notice set sent_at = now()')
  await passedOver(bed)
  assert.equal((await showErasure(bed.store, id)).state, 'done')
  const { rows: line } = await bed.store.pool.query('select letter_id from letter_line')
  assert.deepEqual(line, [{ letter_id: ofBert }], 'the line goes on')
  await bed.balanced()
})

test('without the place of its archive an erasure says so and waits; with it archives hold others alone', async (t) => {
  const bed = await officeBed(t)
  const folder = await folderOf(t)
  const place = openArchivePlace({ folder })
  const ids = await bed.captured(hers, his, hers, { ...his, body: 'Bert 2' })
  await discardLetters(bed.store, { selection: { query: 'queue:orders' }, by: 'ann', reason: 'x', nowMs: Date.now() })
  await aged(bed, ids, 40)
  assert.equal((await passed(bed, { ...defaultRetention, afterwards: 'archive' }, place)).archived, 4)
  const files = await readdir(folder)
  const id = await begun(bed)
  await passedOver(bed, null)
  const waits = await showErasure(bed.store, id)
  assert.deepEqual([waits.state, waits.erased, waits.archivesWrittenAt], ['running', 0, null])
  assert.match(waits.problem ?? '', /which redrive.yaml does not name/)
  await passedOver(bed, place)
  const done = await showErasure(bed.store, id)
  assert.deepEqual([done.state, done.erased, done.archives, done.problem], ['done', 2, 1, null])
  assert.deepEqual(
    (await readdir(folder)).filter((name) => files.includes(name)),
    [],
    'the old files are gone at once',
  )
  const rest = await begun(bed, { query: 'key:customer-9' })
  await passedOver(bed, place)
  assert.equal((await showErasure(bed.store, rest)).erased, 2)
  assert.deepEqual(await readdir(folder), [], 'an archive of which nothing is left is not written anew')
  const { rows } = await bed.store.pool.query('select from archive')
  assert.equal(rows.length, 0)
  await bed.balanced()
})

test('months that are over are written anew without them, and everybody else is found as before', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured(hers, his, { ...his, body: 'x'.repeat(50_000) })
  const [moved = ''] = await capturedIn(bed, ids, '2025-03')
  const { rows: before } = await bed.store.pool.query('select * from letter_content where key = $1 order by id', [
    'customer-9',
  ])
  const { state } = await erased(bed, { letters: [showLetterId(moved)] })
  assert.equal(state, 'done')
  const { rows: after } = await bed.store.pool.query('select * from letter_content order by id')
  assert.deepEqual(after, before)
  const { letters } = await listLetters(bed.store, { query: 'key:customer-9 state:any', limit: 10, nowMs: Date.now() })
  assert.equal(letters.length, 2)
  assert.equal(uuidOf(letters[0]?.id ?? '').length, 36)
})

test('from the command line: a plan is shown with what it costs, run with its number, and followed to its end', async (t) => {
  const { bed, url, token } = await api(t)
  const redrive = commandLine({ url, token })
  const none = await redrive('erase', 'list')
  assert.match(none.err, /Nothing was erased/)
  await bed.captured(hers, his)
  const unclear = await redrive('erase', 'plan', '--key', key, 'tier:transient')
  assert.deepEqual([unclear.code, /exactly one/.test(unclear.err)], [2, true], unclear.err)
  const plan = await redrive('erase', 'plan', '--key', key)
  assert.equal(plan.code, 0, plan.err)
  assert.match(plan.out, /^1 would be erased; none is yet {2}(z_\w{26})/)
  assert.match(plan.err, /It cannot be undone. Do it: redrive erase run z_\w+ --reason … --expect 1/)
  assert.ok(!plan.out.includes(key) && !plan.err.includes(key))
  assert.doesNotMatch(plan.out, /note/)
  const byWords = await redrive('erase', 'plan', '"of Anna"')
  assert.match(byWords.out, /note {3}words find only what the index holds: at most 32 words a letter/)
  assert.deepEqual(JSON.parse((await redrive('erase', 'plan', 'text:Anna', '--json')).out).notes, ['words-find-a-part'])
  const id = /z_\w{26}/.exec(plan.out)?.[0] ?? ''
  const wrong = await redrive('erase', 'run', id, '--reason', 'request 17', '--expect', '2')
  assert.equal(wrong.code, 7, wrong.err)
  const bare = await redrive('erase', 'run', id, '--reason', 'request 17')
  assert.match(bare.err, /--expect 1/)
  const run = await redrive('erase', 'run', id, '--reason', 'request 17', '--expect', '1')
  assert.equal(run.code, 0, run.err)
  assert.match(run.out, /^1 erased/)
  for (const step of ['letters gone', 'archives written anew (0)', 'texts elsewhere', 'bytes gone', 'write-ahead log'])
    assert.ok(run.out.includes(step), step)
  const shown = JSON.parse((await redrive('erase', 'show', id, '--json')).out)
  assert.deepEqual([shown.state, shown.erased, shown.reason], ['done', 1, 'request 17'])
  assert.match((await redrive('erase', 'list')).out, /\tdone\t1\t1\t/)
  const empty = await redrive('erase', 'plan', '--key', key)
  assert.match(empty.out, /^No letter would be erased/)
})
