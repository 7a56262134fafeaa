import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { changeRules, createRegrouper } from '../src/causes/index.ts'
import { officeBed } from './office-bed.ts'
import { causeOf, countsAreRight, grouped, regrouped } from './regroup-bed.ts'

const child = fileURLToPath(new URL('./regrouping-child.ts', import.meta.url))

/** Kills the process once it has said so many lines. */
async function killedAfter(url: string, lines: number): Promise<void> {
  const process_ = spawn(process.execPath, ['--conditions=@redrive/source', child, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = 0
  process_.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text.split('\n').length - 1
    if (said >= lines) process_.kill('SIGKILL')
  })
  await new Promise((resolve) => process_.on('close', resolve))
}

test('killed at any batch, and cut off within one, regrouping goes on where it was and comes to the same', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(
    ...Array.from({ length: 30 }, (_, n) => ({ errorClass: `Kind${n % 3}`, error: 'failed', release: `1.${n}.0` })),
  )
  const [a, b, c] = [await causeOf(store, /^Kind0/), await causeOf(store, /^Kind1/), await causeOf(store, /^Kind2/)]
  await changeRules(store, { change: { kind: 'merge', causes: [a, b], into: c }, by: 'ann', reason: 'one' })
  for (const lines of [1, 2, 3]) {
    await killedAfter(bed.url, lines)
    await countsAreRight(store)
  }
  const moved =
    30 - ((await grouped(store))['Kind0: failed'] ?? 0) - ((await grouped(store))['Kind1: failed'] ?? 0) - 10
  assert.ok(moved >= 4 && moved < 20, `${moved} of 20 were moved when it was killed`)
  // Within a transaction: its connection is ended.
  await assert.rejects(
    store.transaction(async (client) => {
      const inside = createRegrouper({ ...store, transaction: (work) => work(client) })
      await inside.step({ maxLetters: 5 })
      await client.query('select pg_terminate_backend(pg_backend_pid())')
    }),
  )
  await countsAreRight(store)
  await regrouped(store, 4)
  assert.deepEqual(await grouped(store), { 'Kind2: failed': 30 })
  await countsAreRight(store)
  const { rows: works } = await store.pool.query('select looked, moved, ended_at is not null as ended from regrouping')
  assert.deepEqual(works, [{ looked: '20', moved: '20', ended: true }], 'no letter was looked at twice')
  await bed.balanced()
})
