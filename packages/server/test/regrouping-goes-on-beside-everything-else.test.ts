import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRedriveError } from '@redrive/worker'
import { memoryBroker } from '@redrive/worker/memory'
import { changeRules, listCauses, listRules, watchRules } from '../src/causes/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { officeBed, startCaptures, until } from './office-bed.ts'
import { countsAreRight, grouped, regrouped } from './regroup-bed.ts'

const tenants = ['acme', 'zeta', 'beta'] as const

test('letters are captured, replayed and discarded while rules change and two offices regroup: all counts are right at the end', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  const told: string[] = []
  const offices = [1, 2].map(() => watchRules(store, { tell: (line) => told.push(line) }))
  bed.ending(() => Promise.all(offices.map((office) => office.stop())))
  // A second process that captures, with rules of its own in mind.
  const others = startCaptures(store, 'memory', () => memoryBroker({ store: bed.memory }))
  bed.ending(() => Promise.all(others.map((capture) => capture.stop())))
  bed.replayer()
  const worker = await bed.worker({ handle: async () => undefined })
  let number = 0
  const letter = (n: number) => ({
    errorClass: `Kind${n % 4}`,
    error: `failed as ${'abcd'[n % 4]}`,
    release: `1.${n % 45}.0`,
    headers: [{ name: 'tenant', value: Buffer.from(tenants[n % 3] ?? '') }],
  })
  const capturing = async (): Promise<void> => {
    for (let round = 0; round < 20; round++)
      await bed.captured(...Array.from({ length: 15 }, () => letter((number += 1))))
  }
  const changing = async (): Promise<void> => {
    for (let round = 0; round < 24; round++) {
      const { causes } = await listCauses(store, { limit: 500 })
      const [one, other] = [causes[round % Math.max(1, causes.length)], causes[0]]
      const { rules } = await listRules(store, { limit: 200 })
      const made = [
        { kind: 'rule', name: `rule ${round}`, where: [`class=Kind${round % 4}`], per: 'header:tenant' } as const,
        ...(one === undefined || other === undefined
          ? []
          : [
              { kind: 'merge', causes: [one.id], into: other.id } as const,
              { kind: 'split', cause: one.id, where: ['header:tenant=zeta'] } as const,
            ]),
        ...(rules[0] === undefined ? [] : [{ kind: 'remove', rule: rules[0].id } as const]),
      ]
      const change = made[round % made.length]
      if (change === undefined) continue
      try {
        await changeRules(store, { change, by: 'ann', reason: 'test' })
      } catch (error) {
        assert.ok(isRedriveError(error, 'REQUEST_INVALID') || isRedriveError(error, 'STATE_CONFLICT'), String(error))
      }
    }
  }
  const ending = async (): Promise<void> => {
    for (let round = 0; round < 6; round++) {
      await discardLetters(store, {
        selection: { query: `state:open release:1.${round}.0 queue:orders` },
        reason: 'test',
        by: 'ann',
        nowMs: Date.now(),
      })
      const plan = await bed.plan({ query: `state:open release:1.${round + 10}.0` })
      if (plan.letters > 0) await bed.run(plan)
    }
  }
  await bed.captured(letter(0))
  await Promise.all([capturing(), changing(), ending()])
  await until('regrouped', async () => {
    const { rowCount } = await store.pool.query('select from regrouping where ended_at is null')
    return rowCount === 0 ? true : undefined
  })
  await until('replayed', async () => ((await bed.states())['replaying'] === undefined ? true : undefined))
  await worker.stop()
  await countsAreRight(store)
  await bed.balanced()
  await Promise.all(offices.map((office) => office.stop()))
  for (const { id } of (await listRules(store, { limit: 200 })).rules)
    await changeRules(store, { change: { kind: 'remove', rule: id }, by: 'ann', reason: 'over' })
  await regrouped(store)
  await countsAreRight(store)
  assert.deepEqual(Object.keys(await grouped(store)), [
    'Kind0: failed as a',
    'Kind1: failed as b',
    'Kind2: failed as c',
    'Kind3: failed as d',
  ])
  assert.deepEqual(told, [], 'no trouble')
})
