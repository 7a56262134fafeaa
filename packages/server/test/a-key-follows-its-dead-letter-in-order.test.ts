import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { type Message, systemClock, type Worker } from '@redrive/worker'
import { type HoldOptions, memoryHold } from '@redrive/worker/hold'
import fc from 'fast-check'
import { discardLetters, listLetters, showLetter } from '../src/letters/index.ts'
import { editLetter } from '../src/repair/index.ts'
import { takeDueLines } from '../src/replay/lines.ts'
import { releaseHeld } from '../src/replay/release-held.ts'
import { tellReleases } from '../src/replay/tell-releases.ts'
import { doubtAfterRestore } from '../src/restore/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import type { Store } from '../src/store/store.ts'
import { type OfficeBed, officeBed, until } from './office-bed.ts'

/** What follows a letter in its line takes many looks, one after the other. */
const pollMs = 10

const keyed = (body: string, key = 'k'): Message => ({ key: Buffer.from(key), body: Buffer.from(body), headers: [] })
const bodyOf = ({ body }: Message): string => Buffer.from(body ?? []).toString()

interface Consumer {
  readonly worker: Worker
  readonly handled: string[]
  readonly broken: Set<string>
}

/** A worker that keeps lines and cannot handle what is broken. */
async function consumer(bed: OfficeBed, hold: Partial<HoldOptions> = {}): Promise<Consumer> {
  const handled: string[] = []
  const broken = new Set<string>()
  const worker = await bed.worker({
    order: 'key',
    hold: { store: memoryHold(), ...hold },
    retry: { maxAttempts: 1 },
    handle(message) {
      if (broken.has(bodyOf(message))) throw new TypeError(`${bodyOf(message)} is broken`)
      handled.push(bodyOf(message))
    },
  })
  return { worker, handled, broken }
}

async function states(bed: OfficeBed, expected: Readonly<Record<string, number>>): Promise<void> {
  let found: Readonly<Record<string, number>> = {}
  try {
    await until('the states', async () => {
      found = await bed.states()
      const isAs = Object.keys({ ...found, ...expected }).every(
        (state) => (found[state] ?? 0) === (expected[state] ?? 0),
      )
      return isAs ? true : undefined
    })
  } catch {
    assert.deepEqual(found, expected, 'not within 20 s')
  }
}

/** The newest letter of a body, as people name it. */
async function letterOf(bed: OfficeBed, body: string): Promise<string> {
  const { rows } = await bed.store.pool.query<{ id: string }>(
    'select id from letter_content where body = $1 order by id desc limit 1',
    [Buffer.from(body)],
  )
  return showLetterId(rows[0]?.id ?? '')
}

test('what waits behind a dead letter is held, and follows in order once the replay is confirmed', async (t) => {
  const bed = await officeBed(t)
  const { handled, broken } = await consumer(bed)
  broken.add('m1')
  await bed.produce(keyed('m1'), keyed('m2'), keyed('other', 'o'), keyed('m3'), keyed('m4'))
  await states(bed, { open: 1, held: 3 })
  await bed.balanced()
  assert.deepEqual(handled, ['other'])

  const first = await letterOf(bed, 'm1')
  const held = await listLetters(bed.store, { query: 'state:held', limit: 10, nowMs: Date.now() })
  assert.deepEqual(
    held.letters.map(({ state, heldBehind }) => [state, heldBehind]),
    [1, 2, 3].map(() => ['held', first]),
  )
  const shown = await showLetter(bed.store, await letterOf(bed, 'm3'))
  assert.deepEqual([shown.line?.before, shown.line?.behind], [2, first])
  assert.equal(shown.failure.reason, 'held')

  broken.clear()
  bed.replayer({ pollMs })
  await bed.replayed({ letters: [first] })
  await until('all are handled', () => (handled.length === 5 ? true : undefined))
  assert.deepEqual(handled, ['other', 'm1', 'm2', 'm3', 'm4'])
  await states(bed, { replayed: 4 })
  await bed.balanced()
  const { rows } = await bed.store.pool.query('select started_by from run order by started_at')
  // One, and then, since it did not come back, two at once.
  assert.equal(rows.length, 3)
  assert.deepEqual(new Set(rows.slice(1).map(({ started_by }) => started_by)), new Set(['release']))
  await bed.produce(keyed('m5'))
  await until('the key goes on', () => (handled.length === 6 ? true : undefined))
})

test('a plan leaves what is held out, unless it is asked for', async (t) => {
  const bed = await officeBed(t)
  const { handled, broken } = await consumer(bed)
  broken.add('m1')
  await bed.produce(keyed('m1'), keyed('m2'))
  await states(bed, { open: 1, held: 1 })
  const both = { letters: [await letterOf(bed, 'm2'), await letterOf(bed, 'm1')] }
  const plan = await bed.plan(both)
  assert.deepEqual([plan.letters, plan.skipped], [1, { held: 1 }])
  broken.clear()
  bed.replayer({ pollMs })
  await bed.run(await bed.plan(both, { limits: { beyondCap: true, withHeld: true } }))
  await until('both are handled', () => (handled.length === 2 ? true : undefined))
  assert.deepEqual(handled, ['m1', 'm2'])
  await states(bed, { replayed: 2 })
  await bed.balanced()
})

test('several letters of a key keep their order in one plan, whatever its canary is and whenever they were captured', async (t) => {
  const bed = await officeBed(t)
  const { broken } = await consumer(bed)
  broken.add('m1').add('x1')
  await bed.produce(keyed('m1'), keyed('m2'), keyed('m3'), keyed('x1', 'x'), keyed('m4'))
  await states(bed, { open: 2, held: 3 })
  // The second of the line comes back too early and is captured anew, after all others.
  bed.replayer({ pollMs })
  await bed.replayed({ letters: [await letterOf(bed, 'm2')] }, { limits: { beyondCap: true, withHeld: true } })
  await states(bed, { open: 2, held: 3, replayed: 1 })
  const names = ['m4', 'm3', 'm2', 'm1', 'x1']
  const letters = await Promise.all(names.map((name) => letterOf(bed, name)))
  const plan = await bed.plan(
    { letters },
    { limits: { beyondCap: true, withHeld: true }, control: { canary: 2, verdictSeconds: 60 } },
  )
  const { rows } = await bed.store.pool.query<{ body: Buffer }>(
    `select c.body from plan_letter p join letter_content c on c.id = p.letter_id join plan on plan.id = p.plan_id
     where plan.created_at = (select max(created_at) from plan) order by p.ordinal`,
  )
  const order = rows.map(({ body }) => body.toString())
  assert.equal(plan.letters, 5)
  assert.deepEqual(
    order.filter((body) => body.startsWith('m')),
    ['m1', 'm2', 'm3', 'm4'],
  )
})

test('the discard of the first tells its worker, and the rest follows', async (t) => {
  const bed = await officeBed(t)
  const { handled, broken, worker } = await consumer(bed)
  const released: string[] = []
  worker.on('released', ({ letterId }) => released.push(letterId))
  broken.add('m1')
  await bed.produce(keyed('m1'), keyed('m2'), keyed('m3'), keyed('m4'))
  await states(bed, { open: 1, held: 3 })
  bed.replayer({ pollMs })
  const discard = (body: Promise<string>): Promise<unknown> =>
    body.then((letter) =>
      discardLetters(bed.store, { selection: { letters: [letter] }, by: 'test', reason: 'no use', nowMs: Date.now() }),
    )
  await discard(letterOf(bed, 'm3'))
  await until('its worker knows', () => (released.length === 1 ? true : undefined))
  assert.deepEqual(handled, [])
  await discard(letterOf(bed, 'm1'))
  await until('the rest is handled', () => (handled.length === 2 ? true : undefined))
  assert.deepEqual(handled, ['m2', 'm4'])
  await states(bed, { replayed: 2, discarded: 2 })
  await bed.balanced()
  await bed.produce(keyed('m5'))
  await until('the key goes on', () => (handled.length === 3 ? true : undefined))
})

test('nothing follows a discard that its worker was not told of, in whatever moment it comes', async (t) => {
  const bed = await officeBed(t)
  const { broken } = await consumer(bed)
  broken.add('m1')
  await bed.produce(keyed('m1'), keyed('m2'))
  await states(bed, { open: 1, held: 1 })
  const first = await letterOf(bed, 'm1')
  const { pool } = bed.store
  await pool.query('update key_line set look_at = now()')
  let discarded: Promise<unknown> | undefined
  // Between the two questions of a look.
  const between = {
    ...bed.store,
    pool: new Proxy(pool, {
      get: (target, name) =>
        name === 'query'
          ? async (text: string, values?: unknown[]) => {
              const answer = await pool.query(text, values)
              discarded ??= discardLetters(bed.store, {
                selection: { letters: [first] },
                by: 'test',
                reason: 'no use',
                nowMs: Date.now(),
              })
              await discarded
              return answer
            }
          : Reflect.get(target, name),
    }),
  } as OfficeBed['store']
  assert.deepEqual(await takeDueLines(between), [])
  const { rows } = await pool.query('select look_at is null as forgotten from key_line')
  assert.deepEqual(rows, [{ forgotten: false }])
})

test('the word of a discard outlives the office that was to send it', async (t) => {
  const bed = await officeBed(t)
  const { handled, broken } = await consumer(bed)
  broken.add('m1')
  await bed.produce(keyed('m1'), keyed('m2'))
  await states(bed, { open: 1, held: 1 })
  const letters = [await letterOf(bed, 'm1')]
  await discardLetters(bed.store, { selection: { letters }, by: 'test', reason: 'no use', nowMs: Date.now() })
  // No office is there; the next one does not release what follows before its worker can let it pass.
  const brokers = new Map([['memory', bed.broker]])
  assert.equal(await releaseHeld(bed.store, { brokers, nowMs: Date.now() }), null)
  const refusing = {
    ...bed.broker,
    send: async () => [{ kind: 'uncertain', reason: 'the connection was cut' }] as never,
  }
  const cut = bed.replayer({ pollMs, brokers: new Map([['memory', refusing]]) })
  await until('it was tried', async () => {
    const { rows } = await bed.store.pool.query('select tries from release_notice')
    return rows[0]?.tries > 0 ? true : undefined
  })
  await cut.stop()
  assert.deepEqual(handled, [])
  bed.replayer({ pollMs })
  await until('the rest is handled', () => (handled.length === 1 ? true : undefined))
  await states(bed, { replayed: 1, discarded: 1 })
  await bed.balanced()
})

test('a second failure keeps the rest held', async (t) => {
  const bed = await officeBed(t)
  const { handled, broken } = await consumer(bed)
  broken.add('m1').add('m2')
  await bed.produce(keyed('m1'), keyed('m2'), keyed('m3'))
  await states(bed, { open: 1, held: 2 })
  bed.replayer({ pollMs })
  await bed.replayed({ letters: [await letterOf(bed, 'm1')] })
  await states(bed, { open: 1, held: 2, replayed: 1 })
  broken.delete('m1')
  await bed.replayed({ letters: [await letterOf(bed, 'm1')] })
  // The second one is released, and dies itself.
  await states(bed, { open: 1, held: 1, replayed: 3 })
  assert.deepEqual(handled, ['m1'])
  const second = await showLetter(bed.store, await letterOf(bed, 'm2'))
  assert.equal(second.state, 'open')
  broken.clear()
  await bed.replayed({ letters: [second.id] })
  await until('all are handled', () => (handled.length === 3 ? true : undefined))
  assert.deepEqual(handled, ['m1', 'm2', 'm3'])
  await states(bed, { replayed: 5 })
  await bed.balanced()
})

test('a letter keeps its line when its key is edited', async (t) => {
  const bed = await officeBed(t)
  const { handled, broken } = await consumer(bed)
  broken.add('m1')
  await bed.produce(keyed('m1'), keyed('m2'))
  await states(bed, { open: 1, held: 1 })
  const letter = await letterOf(bed, 'm1')
  await editLetter(bed.store, {
    letter,
    change: { key: { text: 'another' } },
    by: 'test',
    reason: 'it was the wrong one',
  })
  broken.clear()
  bed.replayer({ pollMs })
  await bed.replayed({ letters: [letter] })
  await until('both are handled', () => (handled.length === 2 ? true : undefined))
  assert.deepEqual(handled, ['m1', 'm2'])
})

test('after a restore what was held is in doubt as well, and nothing follows by itself', async (t) => {
  const bed = await officeBed(t)
  const { handled, broken } = await consumer(bed)
  broken.add('m1')
  await bed.produce(keyed('m1'), keyed('m2'))
  await states(bed, { open: 1, held: 1 })
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'redrive-held-')), 'generation')
  t.after(() => rmSync(path.dirname(file), { recursive: true }))
  assert.equal(await doubtAfterRestore(bed.store, { file, isRestored: true }), 2)
  assert.deepEqual(await bed.states(), { uncertain: 2 })
  await discardLetters(bed.store, {
    selection: { letters: [await letterOf(bed, 'm1')] },
    by: 'test',
    reason: 'no use',
    nowMs: Date.now(),
  })
  const brokers = new Map([['memory', bed.broker]])
  await tellReleases(bed.store, brokers)
  await bed.store.pool.query('update key_line set look_at = now()')
  assert.equal(await releaseHeld(bed.store, { brokers, nowMs: Date.now() }), null)
  assert.deepEqual(handled, [])
  await bed.balanced()
})

test('an office that is lost at any step of a release releases no letter twice and none out of order', async (t) => {
  const bed = await officeBed(t)
  const { handled, broken } = await consumer(bed)
  const brokers = new Map([['memory', bed.broker]])
  const lines: string[] = []
  for (let step = 0, isCut = true; isCut; step++) {
    const bodies = ['a', 'b', 'c', 'd'].map((name) => `${String(step).padStart(2, '0')}${name}`)
    lines.push(...bodies.slice(1))
    broken.add(bodies[0] ?? '')
    await bed.produce(...bodies.map((body) => keyed(body, `key ${step}`)))
    await until('all are captured', async () => {
      const found = await bed.store.pool.query('select from letter_content where body = any($1)', [
        bodies.map((body) => Buffer.from(body)),
      ])
      return found.rowCount === 4 ? true : undefined
    })
    const letters = [await letterOf(bed, bodies[0] ?? '')]
    await discardLetters(bed.store, { selection: { letters }, by: 'test', reason: 'no use', nowMs: Date.now() })
    await tellReleases(bed.store, brokers)
    const { store, steps } = cutAt(bed.store, step)
    await releaseHeld(store, { brokers, nowMs: Date.now() }).catch((error: Error) =>
      assert.equal(error.message, 'lost'),
    )
    isCut = steps() > step
    assert.ok(!isCut || step < 40)
  }
  assert.ok(lines.length > 3 * 6, `${lines.length / 3} steps`)
  await bed.store.pool.query('update key_line set look_at = now() where look_at is not null')
  bed.replayer({ pollMs })
  await until('all are handled', () => (handled.length >= lines.length ? true : undefined))
  for (const step of new Set(lines.map((body) => body.slice(0, 2))))
    assert.deepEqual(
      handled.filter((body) => body.startsWith(step)),
      ['b', 'c', 'd'].map((name) => `${step}${name}`),
    )
  await until('nobody waits', async () => {
    const { held, open, replaying } = await bed.states()
    return (held ?? 0) + (open ?? 0) + (replaying ?? 0) === 0 ? true : undefined
  })
  await bed.balanced()
})

/** A store that answers nothing from one step on; a step is before or after a statement or a transaction. */
function cutAt(store: Store, at: number): { readonly store: Store; steps(): number } {
  let steps = 0
  const passes = (): void => {
    if (steps++ >= at) throw new Error('lost')
  }
  const cut = async <T>(work: () => Promise<T>): Promise<T> => {
    passes()
    const value = await work()
    passes()
    return value
  }
  const pool = new Proxy(store.pool, {
    get: (target, name) =>
      name === 'query'
        ? (...args: unknown[]) => cut(() => (target.query as (...all: unknown[]) => Promise<unknown>)(...args))
        : Reflect.get(target, name, target),
  })
  return {
    store: {
      ...store,
      pool,
      transaction: ((...args: Parameters<Store['transaction']>) =>
        cut(() => store.transaction(...args))) as Store['transaction'],
    },
    steps: () => steps,
  }
}

test('what its worker holds again waits longer each time, and is sent once it may be', async (t) => {
  const bed = await officeBed(t)
  const store = memoryHold()
  const { handled, broken } = await consumer(bed, { store })
  broken.add('m1')
  await bed.produce(keyed('m1'), keyed('m2'))
  await states(bed, { open: 1, held: 1 })
  // Somebody has an entry in the worker's line that the office does not know of.
  const { rows } = await bed.store.pool.query<{ key: string }>('select key from key_line')
  const line = { scope: '["orders","reefer"]', key: rows[0]?.key ?? '' }
  await store.die(line, 'unknown', { at: 1 })
  broken.clear()
  // So slow that the rest of 5 s is not over before it was looked at.
  let aheadMs = 0
  const startMs = Date.now()
  const now = (): number => startMs + (Date.now() - startMs) / 10 + aheadMs
  bed.replayer({ clock: { ...systemClock, now }, pollMs: 1 })
  const letters = [await letterOf(bed, 'm1')]
  await discardLetters(bed.store, { selection: { letters }, by: 'test', reason: 'no use', nowMs: Date.now() })
  await states(bed, { discarded: 1, replayed: 1, held: 1 })
  await bed.store.pool.query('update key_line set look_at = now()')
  await until('it was looked at', async () => {
    const { rows: looked } = await bed.store.pool.query('select look_at > now() as is_later from key_line')
    return looked[0]?.is_later === true ? true : undefined
  })
  assert.deepEqual(await bed.states(), { discarded: 1, replayed: 1, held: 1 })
  await store.leave(line, 'unknown')
  aheadMs = 60_000
  await bed.store.pool.query('update key_line set look_at = now()')
  await until('it is handled', () => (handled.length === 1 ? true : undefined))
  await bed.balanced()
})

test('whatever fails, is replayed or is discarded: each key is handled in its order', async (t) => {
  const bed = await officeBed(t)
  const handled: string[] = []
  const failures = new Map<string, number>()
  await bed.worker({
    order: 'key',
    hold: { store: memoryHold() },
    retry: { maxAttempts: 1 },
    handle(message) {
      const body = bodyOf(message)
      const left = failures.get(body) ?? 0
      failures.set(body, left - 1)
      if (left > 0) throw new TypeError('not yet')
      handled.push(body)
    },
  })
  bed.replayer({ pollMs })
  let round = 0
  const messages = fc.array(fc.record({ key: fc.nat(2), failures: fc.nat(2) }), { minLength: 3, maxLength: 10 })
  const choices = fc.array(fc.record({ at: fc.nat(20), isDiscard: fc.boolean() }), { minLength: 30, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(messages, choices, async (sent, chosen) => {
      const prefix = `round ${++round} `
      const bodies = sent.map(({ key }, at) => `${prefix}${key}-${String(at).padStart(2, '0')}`)
      sent.forEach(({ failures: times }, at) => void failures.set(bodies[at] ?? '', times))
      await bed.produce(...sent.map(({ key }, at) => keyed(bodies[at] ?? '', `${prefix}${key}`)))
      const discarded = new Set<string>()
      for (const { at, isDiscard } of chosen) {
        const open = await until('something is to be decided, or all is done', async () => {
          if (bodies.every((body) => handled.includes(body) || discarded.has(body))) return []
          const { rows } = await bed.store.pool.query<{ id: string; body: Buffer }>(
            `select l.id, c.body from letter l join letter_content c on c.id = l.id
             where l.state in ('open', $2) and c.body = any($1::bytea[]) order by l.id`,
            [bodies.map((body) => Buffer.from(body)), isDiscard ? 'held' : 'open'],
          )
          return rows.length > 0 ? rows : undefined
        })
        const letter = open[at % open.length]
        if (letter === undefined) break
        const letters = [showLetterId(letter.id)]
        if (isDiscard) {
          const ended = await discardLetters(bed.store, {
            selection: { letters },
            by: 'test',
            reason: 'no use',
            nowMs: Date.now(),
          })
          if (ended.letters === 1) discarded.add(letter.body.toString())
        } else await bed.run(await bed.plan({ letters })).catch(() => undefined)
      }
      for (const key of [0, 1, 2]) {
        const ours = handled.filter((body) => body.startsWith(`${prefix}${key}-`))
        assert.deepEqual(ours, ours.toSorted())
        assert.equal(new Set(ours).size, ours.length)
      }
      for (const body of bodies) assert.equal(handled.includes(body), !discarded.has(body), body)
    }),
    { numRuns: 8, endOnFailure: true },
  )
  await bed.balanced()
})
