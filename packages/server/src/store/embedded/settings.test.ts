import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingArguments, sharedMemoryBytes } from './settings.ts'

const mib = 1024 * 1024

function isShared(sharedBytes: number | null): boolean {
  const settings = settingArguments({ durable: true, settings: undefined, sharedBytes })
  return !settings.includes('enable_parallel_hash=off')
}

test('where a container has little shared memory, hash joins do not share it', () => {
  assert.equal(isShared(64 * mib), false)
  assert.equal(isShared(1_024 * mib), true)
  assert.equal(isShared(null), true)
})

test('what there is of it is asked for where there is any', () => {
  assert.equal(sharedMemoryBytes('/nowhere'), null)
  if (process.platform === 'linux') assert.ok((sharedMemoryBytes() ?? 0) > 0)
})

test('settings of a test win over all others', () => {
  const settings = { enable_parallel_hash: 'on', work_mem: '1MB' }
  const given = settingArguments({ durable: true, settings, sharedBytes: 64 * mib })
  assert.deepEqual(
    given.filter((each) => /parallel_hash|^work_mem/.test(each)),
    ['work_mem=1MB', 'enable_parallel_hash=on'],
  )
})
