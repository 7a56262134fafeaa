import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimNext } from '../src/replay/claim.ts'
import { decideUncertain, listUncertain } from '../src/replay/index.ts'
import { takeRun } from '../src/replay/leases.ts'
import { showLetterId } from '../src/store/ids.ts'
import { commandLine } from './command-line.ts'
import { lane, type OfficeBed, officeBed, until, uuidOf } from './office-bed.ts'

/** Letters whose sender died, on a broker nobody can look back into. */
async function uncertain(bed: OfficeBed, letters: number): Promise<readonly string[]> {
  const ids = await bed.captured(...Array.from({ length: letters }, () => ({})))
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }))
  const lease = await takeRun(bed.store)
  assert.ok(lease)
  assert.equal((await claimNext(bed.store, lease)).kind, 'claimed')
  await bed.store.pool.query(`update run set lease_until = now() - interval '1 second' where id = $1`, [uuidOf(id)])
  assert.ok(await takeRun(bed.store))
  assert.deepEqual(await bed.states(), { uncertain: letters })
  return ids
}

const decision = { by: 'mara', reason: 'seen in the log', nowMs: Date.now() }

test('what a person says becomes the state, the mark and the books', async (t) => {
  const bed = await officeBed(t)
  const [sent = '', not = '', again = ''] = await uncertain(bed, 3)
  for (const [letter, said] of [
    [sent, 'sent'],
    [not, 'not-sent'],
    [again, 'resend'],
  ] as const) {
    const selection = { letters: [showLetterId(letter)] }
    const done = await decideUncertain(bed.store, { ...decision, selection, decision: said, expect: 1 })
    assert.deepEqual(done, { decided: 1, skipped: 0 })
  }
  assert.deepEqual(await bed.states(), { open: 2, replayed: 1 })
  await bed.balanced()
  const { rows } = await bed.store.pool.query(
    'select letter_id, state, why from attempt where letter_id = any($1::uuid[])',
    [[sent, not, again]],
  )
  const of = (letter: string) => rows.find(({ letter_id: id }) => id === letter)
  assert.equal(of(sent)?.state, 'sent')
  assert.match(of(not)?.why ?? '', /decided by mara \(not-sent\): seen in the log/)
  assert.equal(of(again)?.state, 'not-sent')

  bed.replayer()
  await bed.replayed({ query: 'queue:orders' })
  const marked = bed
    .messages(lane)
    .map(({ headers }) => headers.some(({ name }) => name === 'redrive-possible-duplicate'))
  assert.deepEqual(marked.toSorted(), [false, true])
  const audit = await bed.store.pool.query(`select actor, reason from audit where action = 'letters.decide-uncertain'`)
  assert.equal(audit.rows.length, 3)
  assert.deepEqual(audit.rows[0], { actor: 'mara', reason: 'seen in the log' })
})

test('a query means its uncertain letters, and another number than expected decides nothing', async (t) => {
  const bed = await officeBed(t)
  await uncertain(bed, 2)
  await bed.captured({})
  const selection = { query: 'queue:orders' }
  const wrong = decideUncertain(bed.store, { ...decision, selection, decision: 'sent', expect: 3 })
  await assert.rejects(wrong, { code: 'PLAN_STALE' })
  assert.deepEqual(await bed.states(), { open: 1, uncertain: 2 })
  await decideUncertain(bed.store, { ...decision, selection, decision: 'sent', expect: 2 })
  assert.deepEqual(await bed.states(), { open: 1, replayed: 2 })
})

test('the list says why each is uncertain and whether it is looked for, page by page', async (t) => {
  const bed = await officeBed(t)
  const ids = await uncertain(bed, 3)
  await bed.store.pool.query(`update intent set looked = 'retention took it', look_at = null, looks = 2`)
  const page = await listUncertain(bed.store, { limit: 2 })
  assert.deepEqual([page.total, page.letters.length], [3, 2])
  assert.deepEqual(page.letters[0]?.send?.why, 'the process that was sending it died')
  assert.deepEqual(
    [page.letters[0]?.send?.place, page.letters[0]?.send?.looked, page.letters[0]?.send?.nextLookAt],
    [lane, 'retention took it', null],
  )
  const rest = await listUncertain(bed.store, { limit: 2, after: uuidOf(page.next ?? '') })
  assert.deepEqual(
    [...page.letters, ...rest.letters].map(({ id }) => uuidOf(id)),
    ids.toSorted(),
  )
  assert.equal((await listUncertain(bed.store, { limit: 2, queue: 'payments' })).total, 0)
})

async function signedIn(bed: OfficeBed) {
  const { server, token } = await bed.http()
  return commandLine({ url: server.url, token })
}

test('the command line lists and decides, and never about more than expected', async (t) => {
  const bed = await officeBed(t)
  await uncertain(bed, 2)
  const redrive = await signedIn(bed)
  const listed = await redrive('uncertain', 'list', '--json')
  assert.equal(listed.code, 0, listed.err)
  assert.equal(JSON.parse(listed.out).total, 2)
  const table = await redrive('uncertain', 'list')
  assert.match(table.out, /the process that was sending it died/)

  const resolve = (...args: readonly string[]) =>
    redrive('uncertain', 'resolve', 'queue:orders', '--by', 'mara', ...args)
  assert.equal((await resolve('--as', 'sent', '--reason', 'x')).code, 2, 'without --expect')
  assert.equal((await resolve('--as', 'sent', '--expect', '2')).code, 2, 'without --reason')
  assert.equal((await resolve('--as', 'guess', '--expect', '2', '--reason', 'x')).code, 2, 'another decision')
  const stale = await resolve('--as', 'sent', '--expect', '5', '--reason', 'x')
  assert.equal(stale.code, 7, stale.err)
  assert.deepEqual(await bed.states(), { uncertain: 2 })
  const done = await resolve('--as', 'resend', '--expect', '2', '--reason', 'the consumer checks')
  assert.equal(done.code, 0, done.err)
  assert.match(done.out, /2 are open again; their next replays are marked/)
  await until('open', async () => ((await bed.states())['open'] === 2 ? true : undefined))
  const none = await redrive('uncertain', 'list')
  assert.match(none.err, /No letter is uncertain/)
})
