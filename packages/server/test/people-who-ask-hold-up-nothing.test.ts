import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { memoryBroker, memoryStore } from '@redrive/worker/memory'
import pg from 'pg'
import { parseConfig } from '../src/config/index.ts'
import { openOffice } from '../src/office.ts'
import { openDatabase } from '../src/store/database.ts'
import { memoryConnection } from './memory-connection.ts'
import { deadMessage, until } from './office-bed.ts'

test('however many slow questions are asked at once, what dies is captured and told', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'redrive-asked-'))
  const config = parseConfig(`data: ${folder}\nhttp: { port: 0 }\n`, {
    file: path.join(folder, 'redrive.yaml'),
    env: {},
  })
  const memory = memoryStore()
  const lines: string[] = []
  const database = await openDatabase(config, () => undefined)
  const broker = memoryBroker({ store: memory })
  await broker.prepare([{ place: 'dead', role: 'dead-letter' }])
  const office = await openOffice({
    config,
    database,
    brokers: [memoryConnection(broker)],
    tell: (line) => lines.push(line),
  })
  const [locker, watcher] = [new pg.Client(database.url), new pg.Client(database.url)]
  t.after(async () => {
    await Promise.all([locker.end(), watcher.end()])
    await office.stop()
    rmSync(folder, { recursive: true })
  })
  await Promise.all([locker.connect(), watcher.connect()])
  // Nothing but people reads it; whoever asks waits until this is over.
  await locker.query('begin; lock table redrive.audit in access exclusive mode')
  const { url, token } = JSON.parse(readFileSync(path.join(folder, 'office.json'), 'utf8')) as Record<string, string>
  const asked = Array.from({ length: 60 }, async () => {
    const answer = await fetch(`${url}/api/v1/audit`, { headers: { authorization: `Bearer ${token}` } })
    return answer.status
  })
  const waiting = async (): Promise<number> => {
    const { rows } = await watcher.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and query like '%audit%'`,
    )
    return rows[0]?.n ?? 0
  }
  const all = 10
  await until('questions wait', async () => (await waiting()) === all || undefined)
  await broker.send('dead', [{ message: deadMessage({ error: 'no answer', errorClass: 'Refused' }, 'm') }])
  await until('an alert is in the log', () => lines.some((line) => line.startsWith('ALERT raised')) || undefined)
  assert.equal(await waiting(), all, 'they still wait')
  await locker.query('rollback')
  assert.deepEqual([...new Set(await Promise.all(asked))], [200])
})
