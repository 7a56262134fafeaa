import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { lookOnce, silenceWatch } from '../src/alerts/index.ts'
import type { AlertLimit } from '../src/config/index.ts'
import { alertBed } from './alert-bed.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const running = [{ broker: 'memory', place: 'orders-dead-letter', state: 'running' }] as const

/** A queue that had a letter each hour of the last five weeks until so many hours ago. */
async function silentBed(t: TestContext, { hours, limits = [] }: { hours: number; limits?: readonly AlertLimit[] }) {
  const bed = await alertBed(t)
  await bed.captured({})
  // In the middle of an hour.
  const startMs = (Math.floor(Date.now() / hourMs) + 0.5) * hourMs
  const last = new Date((Math.floor(startMs / hourMs) - 1 - hours) * hourMs)
  await bed.store.pool.query('delete from cause_hour')
  await bed.store.pool.query(
    `insert into cause_hour (cause_id, hour, letters)
     select c.id, $1::timestamptz - n * interval '1 hour', 2 from cause c, generate_series(0, 840) n`,
    [last],
  )
  await bed.store.pool.query('update cause set last_seen = $1', [last])
  const watch = silenceWatch()
  return {
    bed,
    /** @returns the alerts of the rule that are not over */
    async look(minutes: number, captures: readonly { broker: string; place: string; state: string }[] = running) {
      await lookOnce(bed.store, {
        ...bed.options,
        config: { ...bed.options.config, limits },
        findings: async () => [],
        silence: { watch, captures: () => captures },
        nowMs: startMs + minutes * minuteMs,
      })
      const { rows } = await bed.store.pool.query<{ urgency: string; title: string; facts: { name: string }[] }>(
        `select urgency, title, facts from alert where rule = 'source-silent' and state <> 'resolved'`,
      )
      return rows
    },
  }
}

test('a queue that falls silent is said with both readings, once what it comes from was read for an hour', async (t) => {
  const { bed, look } = await silentBed(t, { hours: 30 })
  assert.deepEqual(await look(0), [], 'it may only just be read again')
  assert.deepEqual(await look(59), [])
  const [alert, ...others] = await look(60)
  assert.deepEqual([alert?.urgency, others.length], ['review', 0])
  assert.equal(alert?.title, 'SILENT orders: no letter from orders-dead-letter on memory for 31 h')
  assert.deepEqual(
    alert?.facts.map(({ name }) => name),
    ['usual', 'good', 'bad'],
  )
  assert.deepEqual(
    (await bed.notices()).filter(({ rule }) => rule === 'source-silent'),
    [],
    'nobody is told',
  )
})

test('while what it comes from is not read nothing is said, and it has to be read for an hour again', async (t) => {
  const { look } = await silentBed(t, { hours: 30 })
  assert.deepEqual(await look(0), [])
  assert.deepEqual(await look(50, [{ ...running[0], state: 'paused' }]), [])
  assert.deepEqual(await look(70), [])
  assert.deepEqual(await look(129), [])
  assert.equal((await look(130)).length, 1)
})

test('limits turn it off, or let it tell somebody', async (t) => {
  const off = await silentBed(t, { hours: 30, limits: [{ queues: ['orders'], silent: 'off' }] })
  await off.look(0)
  assert.deepEqual(await off.look(60), [])
  const ticket = await silentBed(t, { hours: 30, limits: [{ silent: 'ticket' }] })
  await ticket.look(0)
  assert.equal((await ticket.look(60))[0]?.urgency, 'ticket')
  assert.equal((await ticket.bed.notices()).at(-1)?.rule, 'source-silent')
})

test('a letter in this hour ends it, after its quiet time', async (t) => {
  const { bed, look } = await silentBed(t, { hours: 30 })
  await look(0)
  assert.equal((await look(60)).length, 1)
  await bed.store.pool.query(
    `insert into cause_hour (cause_id, hour, letters) select id, date_trunc('hour', now()) + interval '2 hours', 1 from cause
     on conflict do nothing`,
  )
  assert.equal((await look(130)).length, 1, 'not at once')
  assert.deepEqual(await look(221), [])
})

test('nine silent hours of a letter each hour are no news', async (t) => {
  const { look } = await silentBed(t, { hours: 8 })
  await look(0)
  assert.deepEqual(await look(60), [])
  assert.equal((await look(120)).length, 1)
})
