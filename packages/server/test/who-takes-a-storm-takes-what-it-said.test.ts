import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acknowledgeAlert } from '../src/alerts/index.ts'
import { fixCause, listCauses } from '../src/causes/index.ts'
import { alertBed } from './alert-bed.ts'
import { until } from './office-bed.ts'

const letters = (many: number, of: string) =>
  Array.from({ length: many }, (_, n) => ({
    errorClass: `${of}${'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.charAt(n)}Error`,
    error: `${of} failed`,
  }))

test('who takes a storm takes what it said, and not what joined it since: that is said, and taken then', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...letters(5, 'Deploy'))
  assert.deepEqual(await bed.look(), ['team raised storm'])
  await bed.captured(...letters(2, 'Later'))
  assert.deepEqual(await bed.look({ minutes: 3 }), [])
  const alerts = await bed.alerts()
  const storm = alerts.find(({ rule }) => rule === 'storm')?.id ?? ''
  const take = () => acknowledgeAlert(bed.store, { alert: storm, by: 'ana' }, bed.options)
  const joined = new Set(alerts.slice(0, 2).map(({ cause }) => cause))
  const leftTo = async () => (await bed.alerts()).filter(({ state }) => state === 'raised').map(({ cause }) => cause)
  await take()
  await take()
  assert.deepEqual(new Set(await leftTo()), joined)
  const untaken = (await listCauses(bed.store)).causes.filter(({ state }) => state !== 'acknowledged')
  assert.deepEqual(new Set(untaken.map(({ id }) => id)), joined)
  assert.deepEqual(await bed.look({ minutes: 5 }), ['team acknowledged storm'])
  assert.deepEqual(await bed.look({ minutes: 11 }), ['team repeated storm'])
  await take()
  assert.deepEqual(await leftTo(), [])
  assert.deepEqual(await bed.look({ minutes: 12 }), ['team acknowledged storm'])
  for (const { id } of (await listCauses(bed.store)).causes) await fixCause(bed.store, { cause: id, by: 'ana' })
  assert.deepEqual(await bed.look({ minutes: 13 }), ['team resolved storm'])
})

test('the page of a storm says how many it takes, and takes them even when the storm is said again meanwhile', async (t) => {
  const bed = await alertBed(t)
  const { server } = await bed.http()
  await bed.captured(...letters(5, 'Deploy'))
  await bed.look()
  const link = new URL((await bed.notices())[0]?.links.acknowledge ?? '').pathname
  const page = async (form?: Record<string, string>) => {
    const post = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }
    return (await fetch(new URL(link, server.url), post)).text()
  }
  const said = (html: string) => /name="said" value="([^"]+)"/.exec(html)?.[1] ?? ''
  const states = async () =>
    Object.entries(Object.groupBy(await bed.alerts(), ({ rule, state }) => `${rule} ${state}`)).map(
      ([of, alerts]) => `${alerts?.length} ${of}`,
    )

  await bed.captured(...letters(1, 'Later'))
  await bed.look({ minutes: 3 })
  const first = await page()
  assert.match(first, /takes 5 alerts with it.*1 alert joined since/)
  assert.deepEqual(await bed.look({ minutes: 11 }), ['team repeated storm'])
  const second = await page()
  assert.match(second, /takes 6 alerts with it/)
  assert.doesNotMatch(second, /joined since/)

  const third = await page({ name: 'ana', said: said(first) })
  assert.deepEqual(
    new Set(await states()),
    new Set(['1 storm raised', '1 first-failure raised', '5 first-failure acknowledged']),
  )
  assert.match(third, /What you saw is taken\..*Nobody sees to it yet.*takes 1 alert with it/)
  assert.match(await page({ name: 'ben', said: said(third) }), /ben \(by link\) sees to it/)
  assert.deepEqual(new Set(await states()), new Set(['1 storm acknowledged', '6 first-failure acknowledged']))
})

test('a storm that only was said again, of nothing more, is taken by a page from before', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...letters(5, 'Deploy'))
  const heardAtMs = Date.now()
  await bed.look({ nowMs: heardAtMs })
  assert.deepEqual(await bed.look({ minutes: 61 }), ['team repeated storm'])
  const storm = (await bed.alerts()).find(({ rule }) => rule === 'storm')
  await acknowledgeAlert(bed.store, { alert: storm?.id ?? '', by: 'ana', heardAtMs }, bed.options)
  assert.deepEqual(new Set((await bed.alerts()).map(({ state }) => state)), new Set(['acknowledged']))
})

test('what a storm is said of again while somebody takes it is not taken unseen', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...letters(5, 'Deploy'))
  await bed.look()
  const storm = (await bed.alerts()).find(({ rule }) => rule === 'storm')?.id ?? ''
  await bed.captured(...letters(1, 'Later'))
  await bed.look({ minutes: 3 })
  const joined = await bed.cause()
  const taking = await bed.store.transaction(async (client) => {
    await client.query('select from cause for update')
    const promise = acknowledgeAlert(bed.store, { alert: storm, by: 'ana' }, bed.options)
    await until('it waits for a cause', async () => {
      const { rowCount } = await bed.store.pool.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return rowCount === 0 ? undefined : true
    })
    assert.deepEqual(await bed.look({ minutes: 11 }), ['team repeated storm'])
    return { promise }
  })
  await taking.promise
  const left = (await bed.alerts()).filter(({ state }) => state === 'raised')
  assert.deepEqual(
    new Set(left.map(({ rule, cause }) => `${rule} ${cause}`)),
    new Set(['storm null', `first-failure ${joined}`]),
  )
})
