import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { decideEffect, lookAtEffect } from '@redrive/worker/effects'
import { effectsTableSql, postgresEffects } from '@redrive/worker/effects/postgres'
import { databaseUrl, openPool } from './database.ts'
import { until } from './steps.ts'

const pool = openPool()
await pool.query(effectsTableSql())
await pool.query('create table charges (letter text not null)')
const store = postgresEffects(pool)

function start(letter: string, where: string): ChildProcess {
  const file = path.join(import.meta.dirname, 'effects-crash-child.ts')
  return spawn(process.execPath, ['--conditions=@redrive/source', file, databaseUrl, letter, where], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function firstLine(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout !== null)
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error('the process ended without a word')
}

async function killedAt(letter: string, where: string): Promise<void> {
  const child = start(letter, where)
  assert.equal(await firstLine(child), `at ${where}`)
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function attempt(letter: string): Promise<unknown> {
  const child = start(letter, '')
  const exited = once(child, 'exit')
  const answer = JSON.parse(await firstLine(child)) as unknown
  await exited
  return answer
}

const charged = async (letter: string): Promise<number> =>
  (await pool.query('select from charges where letter = $1', [letter])).rows.length

for (const { where, first, charges } of [
  { where: 'before begin', first: 'charged', charges: 1 },
  { where: 'after begin', first: 'EFFECT_MAYBE', charges: 0 },
  { where: 'after the effect', first: 'EFFECT_MAYBE', charges: 1 },
  { where: 'before done', first: 'EFFECT_MAYBE', charges: 1 },
  { where: 'after done', first: 'charged', charges: 1 },
]) {
  test(`killed ${where}: it is charged once, or nobody charges again unasked`, async () => {
    const letterId = randomUUID()
    const effect = { consumer: 'reefer', letterId, name: 'charge' }
    await killedAt(letterId, where)
    if (first === 'EFFECT_MAYBE') {
      assert.equal((await lookAtEffect(store, effect))?.state, 'running')
      assert.equal(await attempt(letterId), 'EFFECT_BUSY')
      // No more than the lease of one second, by the server's clock.
      await until('the lease ends', async () => (await lookAtEffect(store, effect))?.state === 'maybe', 3_000)
    }
    assert.equal(await attempt(letterId), first)
    assert.equal(await charged(letterId), charges)
    if (first !== 'EFFECT_MAYBE') return
    assert.equal(await attempt(letterId), 'EFFECT_MAYBE')
    // The truth is in the other table.
    const happened = charges === 1
    await decideEffect(store, { ...effect, happened, ...(happened ? { result: 'charged' } : {}) })
    assert.equal(await attempt(letterId), 'charged')
    assert.equal(await charged(letterId), 1)
  })
}
