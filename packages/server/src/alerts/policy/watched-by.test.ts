import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AlertsConfig } from '../../config/index.ts'
import { watchedBy } from './watched-by.ts'

const watched = (config: Partial<AlertsConfig>) =>
  watchedBy('orders', { owner: 'team-reefer', config: { limits: [], routes: [], ...config } })

test('the log is nobody', () => {
  assert.deepEqual(watched({ routes: [{ notify: ['log', 'team'] }] }).told, ['team'])
  assert.deepEqual(watched({ routes: [] }).told, [])
  assert.deepEqual(watched({ routes: [{ queues: ['billing'], notify: ['team'] }] }).told, [])
})

test('whoever hears of a tier of it hears of it, and each is named once', () => {
  const routes = [
    { tiers: ['malformed'], notify: ['shop'] },
    { owners: ['team-reefer'], notify: ['reefer'] },
  ] as const
  assert.deepEqual(watched({ routes }).told.toSorted(), ['reefer', 'shop'])
})

test('it is unlimited only while nothing of it is limited', () => {
  assert.equal(watched({}).isUnlimited, false)
  const off = { open: 'off', ageHours: 'off', growth: 'off' } as const
  assert.equal(watched({ limits: [off] }).isUnlimited, true)
  for (const name of ['open', 'ageHours', 'growth'] as const) {
    const { [name]: _on, ...others } = off
    assert.equal(watched({ limits: [others] }).isUnlimited, false, name)
  }
})
