import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker, ReplaysFound, SendResult } from '@redrive/worker'
import { systemClock } from '@redrive/worker'
import { carryOut } from '../src/replay/carry-out.ts'
import { claimNext } from '../src/replay/claim.ts'
import type { Batch } from '../src/replay/claimed.ts'
import { endNotes } from '../src/replay/ends.ts'
import { applyReceipts } from '../src/replay/index.ts'
import { takeRun } from '../src/replay/leases.ts'
import { resolveUncertain } from '../src/replay/resolve.ts'
import { sendBatch } from '../src/replay/send-batch.ts'
import { type Senders, sendersOf } from '../src/replay/senders.ts'
import { claimBatch } from './claim-batch.ts'
import { lane, type OfficeBed, officeBed, until, uuidOf } from './office-bed.ts'

const onlyMemory = (broker: Broker) => new Map([['memory', broker]])
const signal = new AbortController().signal

/** A process that took a run and wrote the intents of its letters. It goes on step by step. */
async function intended(bed: OfficeBed, letters: number, options: { readonly sender?: string } = {}) {
  await bed.captured(...Array.from({ length: letters }, () => ({})))
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }))
  const taken = await takeRun(bed.store)
  assert.ok(taken)
  const lease = { ...taken, ...options }
  const brokers = onlyMemory(bed.broker)
  const notes = endNotes(bed.store, { planId: lease.planId, brokers, clock: systemClock })
  const claim = await claimBatch(bed.store, lease, { ends: await notes.current() })
  assert.equal(claim.letters.length, letters)
  return { id, lease, claim }
}

const send = (bed: OfficeBed, letters: Batch['letters']) =>
  sendBatch(letters, { brokers: onlyMemory(bed.broker), clock: systemClock, signal })

/** Its lease is over, and somebody else has taken the run. */
async function takenOver(bed: OfficeBed, id: string) {
  await bed.store.pool.query(`update run set lease_until = now() - interval '1 second' where id = $1`, [uuidOf(id)])
  const successor = await takeRun(bed.store)
  assert.ok(successor)
  return successor
}

async function withSenders(bed: OfficeBed, work: (senders: Senders) => Promise<void>): Promise<void> {
  const senders = sendersOf(bed.store)
  try {
    await work(senders)
  } finally {
    await senders.close()
  }
}

const look = (bed: OfficeBed, options: { readonly broker?: Broker; readonly quietSeconds?: number } = {}) =>
  resolveUncertain({
    store: bed.store,
    brokers: onlyMemory(options.broker ?? bed.broker),
    quietSeconds: options.quietSeconds ?? 0,
    signal,
  })

async function dueNow(bed: OfficeBed): Promise<void> {
  await bed.store.pool.query('update intent set look_at = now() where look_at is not null')
}

async function intentOf(bed: OfficeBed) {
  const { rows } = await bed.store.pool.query(
    'select results::text, reasons, looked, look_at, looks, partitions, positions from intent order by from_ordinal',
  )
  assert.ok(rows[0])
  return rows[0]
}

test('what a dead process had sent is found and replayed, what it had not is open, and nothing is sent twice', async (t) => {
  const bed = await officeBed(t)
  const { id, claim } = await intended(bed, 5)
  await send(bed, claim.letters.slice(0, 3))
  await takenOver(bed, id)
  assert.deepEqual(await bed.states(), { uncertain: 5 })
  assert.deepEqual(await look(bed), { run: id, sent: 3, notSent: 2, resendable: 0, left: 0 })
  assert.deepEqual(await bed.states(), { open: 2, replayed: 3 })
  assert.deepEqual((await bed.runOf(id)).sends, { intended: 0, sent: 3, notSent: 2, uncertain: 0 })
  const { reasons, positions } = await intentOf(bed)
  assert.match(reasons['4'], /did not arrive/)
  assert.deepEqual(positions, ['0', '1', '2', null, null])
  assert.equal(await look(bed), null, 'nothing is due any more')
  await bed.balanced()

  bed.replayer()
  const second = await bed.replayed({ query: 'queue:orders' })
  assert.equal(second.sends.sent, 2)
  assert.equal(bed.messages(lane).length, 5)
  await bed.balanced()
  const { rows } = await bed.store.pool.query(`select details from audit where action = 'run.resolve-uncertain'`)
  assert.deepEqual(rows, [{ details: { sent: 3, notSent: 2, resendable: 0, left: 0 } }])
})

test('what was sent last has time to arrive before it counts as not sent', async (t) => {
  const bed = await officeBed(t)
  const { id, claim } = await intended(bed, 2)
  await send(bed, claim.letters.slice(0, 1))
  await takenOver(bed, id)
  assert.deepEqual(await look(bed, { quietSeconds: 600 }), { run: id, sent: 1, notSent: 0, resendable: 0, left: 1 })
  assert.deepEqual(await bed.states(), { replayed: 1, uncertain: 1 }, 'what is there is known at once')
  const { looked, look_at: at } = await intentOf(bed)
  assert.match(looked, /not there yet/)
  assert.ok(at.getTime() > Date.now() + 500_000, 'it is looked for again when that time is over')

  await send(bed, claim.letters.slice(1))
  await dueNow(bed)
  assert.equal((await look(bed, { quietSeconds: 600 }))?.sent, 1)
  assert.deepEqual(await bed.states(), { replayed: 2 })
})

test('a process that stands still may wake up and send: until it is gone nothing counts as not sent', async (t) => {
  const bed = await officeBed(t)
  await withSenders(bed, async (senders) => {
    const sender = await senders.hold()
    const { id, claim } = await intended(bed, 2, { sender })
    await takenOver(bed, id)
    assert.deepEqual(await look(bed), { run: id, sent: 0, notSent: 0, resendable: 0, left: 2 })
    assert.deepEqual(await bed.states(), { uncertain: 2 })

    await send(bed, claim.letters)
    await senders.release(sender)
    await dueNow(bed)
    assert.equal((await look(bed))?.sent, 2)
    assert.deepEqual(await bed.states(), { replayed: 2 })
    assert.equal(bed.messages(lane).length, 2)
    await bed.balanced()
  })
})

test('a process that is gone holds no lock: its session ended with it', async (t) => {
  const bed = await officeBed(t)
  await withSenders(bed, async (senders) => {
    const sender = await senders.hold()
    const { id } = await intended(bed, 1, { sender })
    await takenOver(bed, id)
    await senders.close()
    await until('not sent', async () => {
      await dueNow(bed)
      return (await look(bed))?.notSent === 1 ? true : undefined
    })
    assert.deepEqual(await bed.states(), { open: 1 })
  })
})

test('a lock outlives the connection it was taken on', async (t) => {
  const bed = await officeBed(t)
  await withSenders(bed, async (senders) => {
    const sender = await senders.hold()
    await bed.store.pool.query(
      `select pg_terminate_backend(pid, 30_000) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()
         and (classid::bigint << 32 | objid::bigint) = $1::bigint`,
      [sender],
    )
    await until('held again', async () => {
      const { rows } = await bed.store.pool.query(
        `select from pg_locks where locktype = 'advisory' and granted and (classid::bigint << 32 | objid::bigint) = $1::bigint`,
        [sender],
      )
      return rows.length === 1 ? true : undefined
    })
  })
})

test('a process that stood still longer than its lease puts back what it was about to send', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({}, {})
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }))
  const lease = await takeRun(bed.store)
  assert.ok(lease)
  let asked = 0
  const broker: Broker = {
    ...bed.broker,
    // The intents of the first batch are written, and then it stands still.
    async ends(place) {
      asked++
      return bed.broker.ends?.(place) ?? { positions: {} }
    },
  }
  const sure = { untilMs: 0 }
  let writes = 0
  const frozen = {
    ...lease,
    sure: {
      get untilMs() {
        return sure.untilMs
      },
      set untilMs(value: number) {
        sure.untilMs = writes++ === 0 ? performance.now() : value
      },
    },
  }
  const end = await carryOut(frozen, { store: bed.store, brokers: onlyMemory(broker), clock: systemClock, signal })
  assert.equal(end, 'done')
  assert.ok(writes >= 2, 'the lease was made sure of again before anything was sent')
  assert.ok(asked > 0)
  assert.deepEqual((await bed.runOf(id)).sends, { intended: 0, sent: 2, notSent: 0, uncertain: 0 })
  assert.equal(bed.messages(lane).length, 2)
})

test('a connection that was reset in the middle of a send is looked for as well', async (t) => {
  const bed = await officeBed(t)
  const reset: SendResult = { kind: 'uncertain', reason: 'connection reset' }
  let sends = 0
  const broker: Broker = {
    ...bed.broker,
    async send(place, messages) {
      // Every second one arrived.
      await bed.broker.send(
        place,
        messages.filter(() => sends++ % 2 === 0),
      )
      return messages.map(() => reset)
    },
  }
  await bed.captured({}, {}, {}, {})
  const replayer = bed.replayer({ brokers: onlyMemory(broker), quietSeconds: 0 })
  const { id } = await bed.replayed({ query: 'queue:orders' })
  const run = await until('resolved', async () => {
    const each = await bed.runOf(id)
    return each.sends.uncertain === 0 && each.sends.intended === 0 ? each : undefined
  })
  assert.deepEqual([run.sends.sent, run.sends.notSent], [2, 2])
  assert.deepEqual(await bed.states(), { open: 2, replayed: 2 })
  await replayer.stop()
  await bed.balanced()
})

test('a broker that is away is asked again later, less and less often', async (t) => {
  const bed = await officeBed(t)
  const { id, claim } = await intended(bed, 1)
  await send(bed, claim.letters)
  await takenOver(bed, id)
  const away: Broker = { ...bed.broker, findReplays: () => Promise.reject(new Error('nobody answers')) }
  const waits: number[] = []
  for (let n = 0; n < 3; n++) {
    await dueNow(bed)
    assert.equal((await look(bed, { broker: away }))?.left, 1)
    const { looked, look_at: at } = await intentOf(bed)
    assert.equal(looked, 'nobody answers')
    waits.push(at.getTime() - Date.now())
  }
  assert.ok(
    waits.every((wait, n) => n === 0 || wait > (waits[n - 1] ?? 0) * 1.5),
    String(waits),
  )
  assert.deepEqual(await bed.states(), { uncertain: 1 })
  await dueNow(bed)
  assert.equal((await look(bed))?.sent, 1)
})

const gone: ReplaysFound = { found: new Map(), gap: { why: 'retention took it', isFinal: true } }

test('what cannot be found out any more stays uncertain, with why, and is not looked for again', async (t) => {
  const bed = await officeBed(t)
  const { id } = await intended(bed, 2)
  await takenOver(bed, id)
  const broker: Broker = { ...bed.broker, findReplays: async () => gone }
  assert.deepEqual(await look(bed, { broker }), { run: id, sent: 0, notSent: 0, resendable: 0, left: 2 })
  const { looked, look_at: at } = await intentOf(bed)
  assert.deepEqual([looked, at], ['retention took it', null])
  assert.deepEqual(await bed.states(), { uncertain: 2 })
})

test('the earlier of two sends may be beyond reach, and the later one not', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({}, {})
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control: { pace: 4 } }))
  const lease = await takeRun(bed.store)
  assert.ok(lease)
  for (let n = 0; n < 2; n++) {
    await bed.store.pool.query('update run set paced_until = now()')
    const claim = await claimNext(bed.store, lease, { ends: { 0: { positions: { 0: String(n * 100) } } } })
    assert.ok(claim.kind === 'claimed' && claim.toOrdinal - claim.fromOrdinal === 1)
  }
  await takenOver(bed, id)
  const broker: Broker = {
    ...bed.broker,
    findReplays: async (_, { since }) => (since.positions['0'] === '100' ? { found: new Map(), gap: null } : gone),
  }
  assert.deepEqual(await look(bed, { broker }), { run: id, sent: 0, notSent: 1, resendable: 0, left: 1 })
})

test('a queue may allow that what nobody can find out is sent again, marked, once nobody waits for evidence', async (t) => {
  const bed = await officeBed(t)
  const { id } = await intended(bed, 1)
  await takenOver(bed, id)
  await bed.store.pool.query(`update queue set uncertain = 'resend-marked'`)
  const broker: Broker = { ...bed.broker, findReplays: async () => gone }
  assert.equal((await look(bed, { broker }))?.left, 1, 'receipts may still come')
  assert.deepEqual(await bed.states(), { uncertain: 1 })
  await bed.store.pool.query('update intent set closed_at = now()')
  await dueNow(bed)
  assert.deepEqual(await look(bed, { broker }), { run: id, sent: 0, notSent: 0, resendable: 1, left: 0 })
  assert.deepEqual(await bed.states(), { open: 1 })
  assert.equal(bed.messages(lane).length, 0, 'nothing is sent without a plan')

  bed.replayer()
  await bed.replayed({ query: 'queue:orders' })
  const [message] = bed.messages(lane)
  const marks = message?.headers.filter(({ name }) => name === 'redrive-possible-duplicate') ?? []
  assert.deepEqual(
    marks.map(({ value }) => Buffer.from(value ?? []).toString()),
    ['1'],
  )
  await bed.balanced()
})

test('evidence that comes later still wins', async (t) => {
  const bed = await officeBed(t)
  const { id, claim } = await intended(bed, 1)
  await takenOver(bed, id)
  assert.equal((await look(bed))?.notSent, 1)
  assert.deepEqual(await bed.states(), { open: 1 })
  await bed.store.transaction((client) =>
    applyReceipts(client, [
      {
        replayId: claim.letters[0]?.attemptId ?? '',
        letterId: 'x',
        result: 'handled',
        attempts: 1,
        atMs: Date.now(),
        worker: { service: 'reefer', release: null, host: null },
      },
    ]),
  )
  assert.deepEqual(await bed.states(), { replayed: 1 })
  assert.deepEqual((await bed.runOf(id)).sends, { intended: 0, sent: 1, notSent: 0, uncertain: 0 })
  await bed.balanced()
})

test('ends are noted before the first byte, and asked for once a second however many batches there are', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...Array.from({ length: 200 }, () => ({})))
  const calls: string[] = []
  const broker: Broker = {
    ...bed.broker,
    ends: async (place) => {
      calls.push('ends')
      return (await bed.broker.ends?.(place)) ?? { positions: {} }
    },
    send: (place, messages) => {
      calls.push('send')
      return bed.broker.send(place, messages)
    },
  }
  bed.replayer({ brokers: onlyMemory(broker) })
  await bed.replayed({ query: 'queue:orders' }, { control: { pace: 200 } })
  assert.equal(calls[0], 'ends')
  assert.ok(calls.filter((call) => call === 'send').length >= 4, String(calls))
  assert.ok(calls.filter((call) => call === 'ends').length <= 3, String(calls))
  const { rows } = await bed.store.pool.query('select count(*)::int as n from intent where ends is null')
  assert.equal(rows[0].n, 0)
})
