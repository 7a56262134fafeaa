import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { type MemoryStore, memoryBroker, memoryStore } from '@redrive/worker/memory'
import { createToken } from '../src/access/index.ts'
import { parseConfig } from '../src/config/index.ts'
import { type Office, openOffice } from '../src/office.ts'
import { openDatabase } from '../src/store/database.ts'
import { openStore } from '../src/store/store.ts'
import { memoryConnection } from './memory-connection.ts'
import { deadMessage, until } from './office-bed.ts'

type Answer = Readonly<Record<string, unknown>>

interface Running {
  readonly lines: readonly string[]
  readonly office: Office
  call(method: string, path: string, body?: object): Promise<Answer>
  /** What a viewer sees, as text. */
  seen(path: string): Promise<string>
  dies(tenant: string): Promise<void>
}

async function stored({ database }: Office, query: string): Promise<readonly object[]> {
  const store = await openStore({ url: database.url, allowUnsafe: true })
  try {
    return (await store.pool.query<object>(query)).rows
  } finally {
    await store.close()
  }
}

interface Bed {
  readonly folder: string
  readonly memory: MemoryStore
  /** They end before their folder does. */
  readonly offices: Office[]
}

async function officeWith({ folder, memory, offices }: Bed, masking: string): Promise<Running> {
  const lines: string[] = []
  const config = parseConfig(`data: ${folder}/data\nhttp: { port: 0 }\n${masking}`, {
    file: path.join(folder, 'redrive.yaml'),
    env: {},
  })
  const broker = memoryBroker({ store: memory })
  await broker.prepare([{ place: 'dead', role: 'dead-letter' }])
  const office = await openOffice({
    config,
    database: await openDatabase(config, () => undefined),
    brokers: [memoryConnection(broker)],
    tell: (line) => lines.push(line),
  })
  offices.push(office)
  const store = await openStore({ url: office.database.url, allowUnsafe: true })
  const viewer = await createToken(store, `viewer-${masking.length}`, { by: 'test', role: 'viewer' })
  await store.close()
  const asked = async (token: string, method: string, route: string, body?: object): Promise<string> => {
    const response = await fetch(`${office.url}/api/v1${route}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    assert.ok(response.ok, text)
    return text
  }
  return {
    lines,
    office,
    call: async (...request) => JSON.parse(await asked(office.token, ...request)) as Answer,
    seen: (route) => asked(viewer, 'GET', route),
    async dies(tenant) {
      const said = lines.filter((line) => line.startsWith('new cause')).length
      const letter = { errorClass: 'Late', error: 'late', headers: [{ name: 'tenant', value: Buffer.from(tenant) }] }
      const sender = memoryBroker({ store: memory })
      await sender.send('dead', [{ message: deadMessage(letter, tenant) }])
      await sender.close()
      await until(
        'a cause is told',
        () => lines.filter((line) => line.startsWith('new cause')).length > said || undefined,
      )
    },
  }
}

test('a rule made before its header was masked shows no value of it any more, and the doctor names it', async (t) => {
  const bed: Bed = {
    folder: mkdtempSync(path.join(os.tmpdir(), 'redrive-titles-')),
    memory: memoryStore(),
    offices: [],
  }
  t.after(async () => {
    for (const office of bed.offices) await office.stop()
    rmSync(bed.folder, { recursive: true })
  })
  const first = await officeWith(bed, '')
  const ten = { name: 'ten', queue: 'orders', where: ['class=Late'], by: 'ann', reason: 'each pays for itself' }
  const made = await first.call('POST', '/rules', { ...ten, per: 'header:tenant', title: '{class} of {value}' })
  await first.dies('PLANTED-1')
  await until('it is in an alert', async () => (await first.seen('/alerts')).includes('Late of PLANTED-1') || undefined)
  const { causes } = (await first.call('GET', '/causes')) as { causes: { id: string; title: string }[] }
  assert.deepEqual(
    causes.map(({ title }) => title),
    ['Late of PLANTED-1'],
  )
  const cause = causes[0]?.id ?? ''
  await first.call('POST', `/causes/${cause}/split`, { where: ['consumer=nobody'], by: 'ann', reason: 'a part' })
  await stored(
    first.office,
    `insert into review (week, made_at, content) values ('2026-W01', now(), '{"decide":["5 letters of orders: Late of PLANTED-1: nobody has looked at it"]}')`,
  )
  await first.office.stop()

  const second = await officeWith(bed, 'masking: { rules: [{ header: tenant }] }\n')
  await second.dies('PLANTED-2')
  assert.deepEqual(
    second.lines.filter((line) => line.startsWith('new cause')),
    ['new cause in orders: Late of [masked: header tenant]'],
  )
  await until('both are told', async () => ((await second.seen('/alerts')).match(/"a_/g) ?? []).length > 1 || undefined)
  for (const route of ['/causes', `/causes/${cause}`, '/letters', '/alerts', '/rules', '/queues/orders']) {
    const seen = await second.seen(route)
    assert.ok(!seen.includes('PLANTED'), `${route}: ${seen}`)
  }
  assert.deepEqual(
    await stored(
      second.office,
      `select 'notice' as at from notification where notice::text like '%PLANTED%' union all select content->'decide'->>0 from review where week = '2026-W01'
       union all select title from alert where title like '%PLANTED%'`,
    ),
    [{ at: '5 letters of orders: Late of [masked: header tenant]: nobody has looked at it' }],
  )
  assert.ok(!second.lines.join('\n').includes('PLANTED'), second.lines.join('\n'))
  const after = (await second.call('GET', '/causes')) as { causes: { title: string; letters: number }[] }
  assert.equal(
    after.causes.filter(({ title }) => title === 'Late of [masked: header tenant]').length,
    2,
    'one for each',
  )

  const { id } = made['rule'] as { id: string }
  const doctor = async () =>
    (
      (await second.call('GET', '/doctor')) as { findings: { code: string; what: string; next: string }[] }
    ).findings.filter(({ code }) => code === 'rule-masked')
  const [finding, ...others] = await doctor()
  assert.deepEqual(others, [])
  assert.equal(finding?.what, 'the rule "ten" names causes by the header tenant, whose values are masked')
  assert.equal(finding?.next, `redrive rules remove ${id} --reason …`)
  await second.call('POST', `/rules/${id}/remove`, { by: 'ann', reason: 'its header is masked' })
  assert.deepEqual(await doctor(), [])
})
