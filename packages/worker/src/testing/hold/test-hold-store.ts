import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HoldStore, Line } from '../../hold/hold-store.ts'

/** A store with nothing in it. */
export interface HoldHarness {
  readonly store: HoldStore
  /** The same lines, from another process: a connection of its own. */
  readonly other: HoldStore
  dispose(): Promise<void>
}

const line: Line = { scope: '["orders","reefer"]', key: 'k' }
const fresh = { at: null, most: 100 }

const cases: Readonly<Record<string, (harness: HoldHarness) => Promise<void>>> = {
  async 'who comes to an empty line is free, and leaves nothing behind'({ store, other }) {
    assert.deepEqual(await store.arrive(line, 'a', fresh), { kind: 'free' })
    assert.deepEqual(await other.arrive(line, 'b', fresh), { kind: 'free' })
    assert.equal(await store.count(line.scope, 10), 0)
  },
  async 'who comes after a death stands behind it, in order, also from another process'({ store, other }) {
    const died = await store.die(line, 'a', { at: null })
    const second = await other.arrive(line, 'b', fresh)
    const third = await store.arrive(line, 'c', fresh)
    assert.ok(second.kind === 'behind' && third.kind === 'behind')
    assert.equal(third.behind, 'a')
    assert.ok(died < second.at && second.at < third.at, `${died} ${second.at} ${third.at}`)
    assert.deepEqual(await other.arrive(line, 'a', fresh), { kind: 'first', at: died })
  },
  async 'every verb may be repeated'({ store, other }) {
    const died = await store.die(line, 'a', { at: null })
    assert.equal(await other.die(line, 'a', { at: null }), died)
    const second = await store.arrive(line, 'b', fresh)
    assert.deepEqual(await other.arrive(line, 'b', fresh), second)
    await store.leave(line, 'a')
    await other.leave(line, 'a')
    assert.ok(second.kind === 'behind')
    assert.deepEqual(await store.arrive(line, 'b', fresh), { kind: 'first', at: second.at })
    await store.leave(line, 'b')
    assert.deepEqual(await store.arrive(line, 'c', fresh), { kind: 'free' })
  },
  async 'a letter that dies again stays at its place'({ store }) {
    const died = await store.die(line, 'a', { at: null })
    await store.arrive(line, 'b', fresh)
    assert.equal(await store.die(line, 'a', { at: died }), died)
    assert.deepEqual(await store.arrive(line, 'a', fresh), { kind: 'first', at: died })
  },
  async 'a letter that lost its place gets it again'({ store }) {
    const died = await store.die(line, 'a', { at: null })
    await store.arrive(line, 'b', fresh)
    await store.leave(line, 'a')
    assert.deepEqual(await store.arrive(line, 'a', { at: died, most: 100 }), { kind: 'first', at: died })
  },
  async 'places grow also over lines that were empty in between'({ store }) {
    const first = await store.die(line, 'a', { at: null })
    await store.die(line, 'b', { at: null })
    await store.leave(line, 'a')
    await store.leave(line, 'b')
    assert.ok((await store.die(line, 'c', { at: null })) > first)
  },
  async 'a full line takes nobody more, and forgets nobody'({ store }) {
    const died = await store.die(line, 'a', { at: null })
    await store.arrive(line, 'b', { at: null, most: 2 })
    assert.deepEqual(await store.arrive(line, 'c', { at: null, most: 2 }), { kind: 'full' })
    assert.deepEqual(await store.arrive(line, 'a', { at: null, most: 2 }), { kind: 'first', at: died })
    await store.die(line, 'd', { at: null })
    await store.leave(line, 'a')
    await store.leave(line, 'd')
    assert.equal((await store.arrive(line, 'c', { at: null, most: 2 })).kind, 'behind')
  },
  async 'lines of other keys and scopes are nobody else’s'({ store }) {
    await store.die(line, 'a', { at: null })
    await store.die({ ...line, key: 'other' }, 'b', { at: null })
    await store.die({ ...line, scope: '["orders","billing"]' }, 'a', { at: null })
    assert.deepEqual(await store.arrive({ ...line, key: 'third' }, 'c', fresh), { kind: 'free' })
    assert.equal(await store.count(line.scope, 10), 2)
    assert.equal(await store.count(line.scope, 1), 1)
    await store.leave(line, 'a')
    assert.equal(await store.count(line.scope, 10), 1)
    assert.equal(await store.count('["orders","billing"]', 10), 1)
  },
  async 'of many at once each gets a place of its own'({ store, other }) {
    await store.die(line, 'first', { at: null })
    const names = Array.from({ length: 20 }, (_, at) => `letter-${at}`)
    const standings = await Promise.all(
      names.map((name, at) => (at % 2 === 0 ? store : other).arrive(line, name, fresh)),
    )
    const places = standings.map((standing) => (standing.kind === 'behind' ? standing.at : Number.NaN))
    assert.equal(new Set(places).size, 20, places.join(' '))
  },
  async 'names may hold anything'({ store }) {
    const odd = { scope: '["or\'ders","reefer \\"x\\""]', key: 'ä{},"\\' }
    await store.die(odd, 'a{}"', { at: null })
    const second = await store.arrive(odd, "b','", fresh)
    assert.ok(second.kind === 'behind')
    assert.equal(second.behind, 'a{}"')
    await store.leave(odd, 'a{}"')
    assert.equal((await store.arrive(odd, "b','", fresh)).kind, 'first')
  },
}

/** The contract of a store of lines as tests on `node:test`: call it at the top of a test file. */
export function testHoldStore(name: string, options: { readonly create: () => Promise<HoldHarness> }): void {
  for (const [title, run] of Object.entries(cases)) {
    test(`${name} · hold · ${title}`, async () => {
      const harness = await options.create()
      try {
        await run(harness)
      } finally {
        await harness.dispose()
      }
    })
  }
}
