import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Delivered, type Notifier, startDelivery } from '../src/alerts/index.ts'
import { openStore, type Store } from '../src/store/store.ts'
import { officeDatabase } from '../src/testing/database.ts'
import { until } from './office-bed.ts'

interface Sent {
  readonly key: string
  readonly title: string
}

/** A notifier that answers as it is told, and remembers what it was given. */
function recorder(name: string, answer: (sent: Sent, nth: number) => Promise<Delivered> | Delivered, perMinute = 600) {
  const got: Sent[] = []
  const notifier: Notifier = {
    name,
    perMinute,
    async deliver({ key, notice }) {
      const sent = { key, title: notice.title }
      got.push(sent)
      return answer(sent, got.length)
    },
  }
  return { got, notifier, titles: () => got.map(({ title }) => title) }
}

const delivered: Delivered = { kind: 'delivered' }
const later: Delivered = { kind: 'later', reason: 'chat.example answered 503' }

async function bedOf(t: TestContext) {
  const database = await officeDatabase()
  const store = await openStore({ url: database.url, allowUnsafe: true })
  const closers: (() => Promise<unknown>)[] = [() => database.drop(), () => store.close()]
  t.after(async () => {
    for (const close of closers.toReversed()) await close()
  })
  const told: string[] = []
  return {
    store,
    told,
    start(...recorders: readonly { readonly notifier: Notifier }[]) {
      const delivery = startDelivery(store, {
        notifiers: new Map(recorders.map(({ notifier }) => [notifier.name, notifier])),
        tell: (line) => void told.push(line),
      })
      closers.push(() => delivery.stop())
      return delivery
    },
  }
}

/** @param alert any text; the same for what is said of one alert */
async function write(
  store: Store,
  notifier: string,
  title: string,
  {
    alert = title,
    change = 'raised',
    holdSeconds = null,
  }: { readonly alert?: string; readonly change?: string; readonly holdSeconds?: number | null } = {},
): Promise<void> {
  await store.pool.query(
    `with made as (
       insert into alert (id, rule, subject, state, urgency, title, facts, raised_at, said, escalated, told)
       select md5($1)::uuid, 'depth', $1, 'raised', 'page', '', '[]', now(), 1, 0, '{}' on conflict do nothing)
     insert into notification (key, alert_id, notifier, change, notice, hold_until)
     values (gen_random_uuid(), md5($1)::uuid, $2, $3, jsonb_build_object('title', $4::text), now() + make_interval(secs => $5))`,
    [alert, notifier, change, title, holdSeconds],
  )
}

async function states(store: Store): Promise<readonly string[]> {
  const { rows } = await store.pool.query<{ line: string }>(
    `select concat(notice ->> 'title', ' ', state) as line from notification order by id`,
  )
  return rows.map(({ line }) => line)
}

test('a notifier that hangs or fails keeps no other waiting', async (t) => {
  const bed = await bedOf(t)
  const hangs = Promise.withResolvers<Delivered>()
  const slow = recorder('slow', () => hangs.promise)
  const down = recorder('down', () => later)
  const quick = recorder('quick', () => delivered)
  const delivery = bed.start(slow, down, quick)
  for (const name of ['slow', 'down', 'quick']) await write(bed.store, name, `to ${name}`)
  delivery.wake()
  await until('quick got its own', () => (quick.got.length === 1 ? true : undefined))
  await write(bed.store, 'quick', 'more')
  delivery.wake()
  await until('quick got more', () => (quick.got.length === 2 ? true : undefined))
  await until('down is known', async () =>
    (await bed.store.pool.query('select from notifier where down_since is not null')).rowCount === 1 ? true : undefined,
  )
  hangs.resolve(delivered)
  await until('all but that of down are delivered', async () => {
    const now = await states(bed.store)
    return now.filter((each) => each.endsWith('delivered')).length === 3 ? true : undefined
  })
  assert.deepEqual(bed.told, ['the notifier down delivers nothing: chat.example answered 503'])
})

test('what fails is tried again with the same key, and nothing overtakes it', async (t) => {
  const bed = await bedOf(t)
  const chat = recorder('chat', (_, nth) => (nth <= 2 ? later : delivered))
  await write(bed.store, 'chat', 'first')
  await write(bed.store, 'chat', 'second')
  bed.start(chat)
  await until('both arrived', async () =>
    (await states(bed.store)).every((each) => each.endsWith('delivered')) ? true : undefined,
  )
  assert.deepEqual(chat.titles(), ['first', 'first', 'first', 'second'])
  assert.equal(new Set(chat.got.map(({ key }) => key)).size, 2)
  const { rows } = await bed.store.pool.query('select down_since, problem from notifier')
  assert.deepEqual(rows, [{ down_since: null, problem: null }], 'it is up again')
})

test('who asked for a rest is left alone, also with what was written since', async (t) => {
  const bed = await bedOf(t)
  const chat = recorder('chat', () => ({ kind: 'later', reason: 'chat.example answered 429', afterMs: 600_000 }))
  const mail = recorder('mail', () => delivered)
  await write(bed.store, 'chat', 'first')
  bed.start(chat, mail)
  await until('it was tried', () => (chat.got.length === 1 ? true : undefined))
  await write(bed.store, 'chat', 'second')
  // Each time that mail gets something, all was looked at.
  for (const title of ['a', 'b', 'c']) {
    await write(bed.store, 'mail', title)
    await until('it was looked at', () => (mail.titles().includes(title) ? true : undefined))
  }
  assert.deepEqual(chat.titles(), ['first'])
})

test('what is refused ends, and what follows goes out', async (t) => {
  const bed = await bedOf(t)
  const chat = recorder('chat', ({ title }) =>
    title === 'bad' ? { kind: 'refused', reason: 'chat.example answered 400' } : delivered,
  )
  await write(bed.store, 'chat', 'bad')
  await write(bed.store, 'chat', 'good')
  bed.start(chat)
  await until('all is over', async () =>
    (await states(bed.store)).join() === 'bad refused,good delivered' ? true : undefined,
  )
  assert.deepEqual(bed.told, ['the notifier chat cannot deliver a notice: chat.example answered 400'])
})

test('two notices refused in a row are a notifier that is down, until it takes one', async (t) => {
  const bed = await bedOf(t)
  const chat = recorder('chat', ({ title }) =>
    title.startsWith('good') ? delivered : { kind: 'refused', reason: 'chat.example answered 400' },
  )
  const delivery = bed.start(chat)
  const down = async () =>
    (await bed.store.pool.query('select from notifier where down_since is not null')).rowCount === 1
  for (const [title, isDown] of [
    ['one', false],
    ['good', false],
    ['two', false],
    ['three', true],
    ['four', true],
    ['good again', false],
  ] as const) {
    await write(bed.store, 'chat', title)
    delivery.wake()
    await until(`${title} ended`, async () => ((await states(bed.store)).join().includes('waiting') ? undefined : true))
    assert.equal(await down(), isDown, title)
  }
})

test('a notifier that was down and refuses a notice is not up because of it', async (t) => {
  const bed = await bedOf(t)
  const chat = recorder('chat', (_, nth) =>
    nth === 1 ? later : { kind: 'refused', reason: 'chat.example answered 400' },
  )
  await write(bed.store, 'chat', 'first')
  bed.start(chat)
  await until('it is refused', async () => ((await states(bed.store)).join() === 'first refused' ? true : undefined))
  const { rows } = await bed.store.pool.query('select down_since is not null as down from notifier')
  assert.deepEqual(rows, [{ down: true }])
})

test('a process that dies after a notice went out has it sent again, with its key', async (t) => {
  const bed = await bedOf(t)
  const answer = Promise.withResolvers<Delivered>()
  const dies = recorder('chat', () => answer.promise)
  const lives = recorder('chat', () => delivered)
  await write(bed.store, 'chat', 'first')
  bed.start(dies)
  await until('it was sent', () => (dies.got.length === 1 ? true : undefined))
  // What the dead one would have noted is not noted: its lease went to the other.
  await bed.store.pool.query(`update notifier set lease_until = now() - interval '1 s'`)
  bed.start(lives)
  await until('it was sent again', () => (lives.got.length === 1 ? true : undefined))
  assert.deepEqual(
    lives.got.map(({ key }) => key),
    dies.got.map(({ key }) => key),
  )
  answer.resolve(later)
  await until('it is noted', async () => ((await states(bed.store)).join() === 'first delivered' ? true : undefined))
})

test('whoever lost the notifier notes nothing', async (t) => {
  const bed = await bedOf(t)
  const answer = Promise.withResolvers<Delivered>()
  const chat = recorder('chat', () => answer.promise)
  await write(bed.store, 'chat', 'first')
  bed.start(chat)
  await until('it was sent', () => (chat.got.length === 1 ? true : undefined))
  await bed.store.pool.query(
    `update notifier set lease_token = gen_random_uuid(), lease_until = now() + interval '1 minute'`,
  )
  answer.resolve({ kind: 'refused', reason: 'no' })
  await until('it was told', () => (bed.told.length > 0 ? true : undefined))
  assert.deepEqual(await states(bed.store), ['first waiting'])
})

test('quiet hours hold what is said of one alert, in its order, and nothing else', async (t) => {
  const bed = await bedOf(t)
  const chat = recorder('chat', () => delivered)
  await write(bed.store, 'chat', 'raised', { alert: 'night', holdSeconds: 3_600 })
  await write(bed.store, 'chat', 'acknowledged', { alert: 'night', change: 'acknowledged' })
  await write(bed.store, 'chat', 'page')
  const delivery = bed.start(chat)
  await until('the page went out', () => (chat.got.length === 1 ? true : undefined))
  assert.deepEqual(chat.titles(), ['page'])
  await bed.store.pool.query('update notification set hold_until = now() where hold_until is not null')
  delivery.wake()
  await until('the others too', () => (chat.got.length === 3 ? true : undefined))
  assert.deepEqual(chat.titles(), ['page', 'raised', 'acknowledged'])
})

test('what began and ended at night is told to nobody', async (t) => {
  const bed = await bedOf(t)
  const chat = recorder('chat', () => delivered)
  await write(bed.store, 'chat', 'raised', { alert: 'night', holdSeconds: 3_600 })
  await write(bed.store, 'chat', 'resolved', { alert: 'night', change: 'resolved' })
  await write(bed.store, 'chat', 'told', { alert: 'evening' })
  bed.start(chat)
  await until('it is over', async () =>
    (await states(bed.store)).join() === 'raised dropped,resolved dropped,told delivered' ? true : undefined,
  )
  assert.deepEqual(chat.titles(), ['told'])
})

test('what was not said yet is not repeated: a night is one message, but all that joined a storm is said', async (t) => {
  const bed = await bedOf(t)
  const chat = recorder('chat', () => delivered)
  for (const alert of ['night', 'storm'])
    for (const change of ['raised', 'repeated', 'repeated'])
      await write(bed.store, 'chat', `${alert} ${change}`, { alert, change, holdSeconds: 3_600 })
  await bed.store.pool.query(
    `update notification set notice = notice || jsonb_build_object('rule', split_part(notice ->> 'title', ' ', 1))`,
  )
  await write(bed.store, 'chat', 'evening repeated', { alert: 'evening', change: 'repeated' })
  await write(bed.store, 'chat', 'escalated', { alert: 'night', change: 'escalated', holdSeconds: 3_600 })
  await bed.store.pool.query('update notification set hold_until = now()')
  bed.start(chat)
  await until('all is done', async () => ((await states(bed.store)).join().includes('waiting') ? undefined : true))
  assert.deepEqual(chat.titles(), [
    'night raised',
    'storm raised',
    'storm repeated',
    'storm repeated',
    'evening repeated',
    'escalated',
  ])
})

test('what was tried may have arrived, so its end is told though a repeat of it is held', async (t) => {
  const bed = await bedOf(t)
  const chat = recorder('chat', (_, nth) => (nth === 1 ? later : delivered))
  await write(bed.store, 'chat', 'raised', { alert: 'evening' })
  const delivery = bed.start(chat)
  await until('it was tried', async () =>
    (await bed.store.pool.query('select from notification where tries = 1')).rowCount === 1 ? true : undefined,
  )
  await write(bed.store, 'chat', 'repeated', { alert: 'evening', change: 'repeated', holdSeconds: 3_600 })
  await write(bed.store, 'chat', 'resolved', { alert: 'evening', change: 'resolved' })
  await until('the first arrived', () => (chat.got.length === 2 ? true : undefined))
  await bed.store.pool.query('update notification set hold_until = now() where hold_until is not null')
  delivery.wake()
  await until('all arrived', () => (chat.got.length === 4 ? true : undefined))
  assert.deepEqual(chat.titles(), ['raised', 'raised', 'repeated', 'resolved'])
})

test('a notifier that breaks on a notice is down, with why, and tried less and less often', async (t) => {
  const bed = await bedOf(t)
  const chat = recorder('chat', () => {
    throw new TypeError('no text in it')
  })
  await write(bed.store, 'chat', 'first')
  bed.start(chat)
  const { problem } = await until('it is noted', async () => {
    const { rows } = await bed.store.pool.query<{ problem: string }>(
      'select n.problem from notification n join notifier on name = notifier where tries > 0 and down_since is not null',
    )
    return rows[0]
  })
  assert.equal(problem, 'the notifier is broken: no text in it')
  assert.deepEqual(bed.told, ['the notifier chat delivers nothing: the notifier is broken: no text in it'])
})

test('no more than its rate goes out in a minute', async (t) => {
  const bed = await bedOf(t)
  const chat = recorder('chat', () => delivered, 2)
  const mail = recorder('mail', () => delivered)
  for (const title of ['one', 'two', 'three']) await write(bed.store, 'chat', title)
  await write(bed.store, 'mail', 'last')
  bed.start(chat, mail)
  await until('mail and two', () => (mail.got.length + chat.got.length === 3 ? true : undefined))
  await until('it was looked at again', async () => {
    await write(bed.store, 'mail', 'again')
    return mail.got.length > 3 ? true : undefined
  })
  assert.deepEqual(chat.titles(), ['one', 'two'])
})

test('what no notifier is configured for ends after an hour, and says so', async (t) => {
  const bed = await bedOf(t)
  await write(bed.store, 'gone', 'old')
  await write(bed.store, 'gone', 'young')
  await bed.store.pool.query(
    `update notification set written_at = now() - interval '2 hours' where notice ->> 'title' = 'old'`,
  )
  bed.start(recorder('chat', () => delivered))
  await until('the old one is dropped', async () =>
    (await states(bed.store)).join() === 'old dropped,young waiting' ? true : undefined,
  )
})

test('what is not configured any more is not down, unless another office has it', async (t) => {
  const bed = await bedOf(t)
  await bed.store.pool.query(
    `insert into notifier (name, lease_until, down_since, problem)
       select name, now() - make_interval(mins => ago), now(), 'it answered 503'
         from (values ('gone', null), ('of one that crashed', 60), ('of another', 5), ('chat', null)) as of (name, ago)`,
  )
  bed.start(recorder('chat', () => delivered))
  await until('it is forgotten', async () => {
    const { rows } = await bed.store.pool.query<{ name: string }>(
      'select name from notifier where down_since is not null order by name',
    )
    return rows.map(({ name }) => name).join() === 'chat,of another' ? true : undefined
  })
})
