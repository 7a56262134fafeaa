import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { followCauses, listCauses } from '../src/causes/index.ts'
import { documentQueue } from '../src/queues/index.ts'
import { commandLine, type Ended } from './command-line.ts'
import { type OfficeBed, officeBed } from './office-bed.ts'

/** The command line, signed in to an office with one cause in it. */
async function desk(t: TestContext): Promise<{
  readonly bed: OfficeBed
  readonly cause: string
  readonly run: (...args: readonly string[]) => Promise<Ended>
}> {
  const bed = await officeBed(t)
  const { server, token } = await bed.http()
  const run = commandLine({ url: server.url, token })
  await bed.captured({ release: '1.4.0' })
  await documentQueue(bed.store, {
    queue: 'orders',
    by: 'ann',
    reason: null,
    fields: { owner: 'shop', runbook: 'https://run.example/orders' },
  })
  return { bed, run, cause: (await listCauses(bed.store)).causes[0]?.id ?? '' }
}

test('a cause is looked at, taken, talked about, snoozed, fixed, and comes back with the next release', async (t) => {
  const { bed, run, cause } = await desk(t)
  const ok = async (...args: readonly string[]): Promise<Ended> => {
    const ended = await run(...args)
    assert.equal(ended.code, 0, `${args.join(' ')}: ${ended.err}`)
    return ended
  }
  const ann = ['--by', 'ann'] as const
  assert.match((await ok('causes', '--state', 'new', '--owner', 'shop')).out, /\tnew\tshop\t–\torders\t/)
  assert.equal((await ok('causes', '--json')).out.includes('"state":"new"'), true, 'a list changes nothing')
  const shown = await ok('cause', 'show', cause, ...ann)
  assert.match(shown.out, new RegExp(`${cause} {2}open, transient`))
  assert.match(shown.out, /^since +\d+ s ago by ann \(token /m)
  assert.match(shown.out, /^owner +shop \(of the queue\)$/m)
  assert.match(shown.out, /^runbook +https:\/\/run\.example\/orders \(of the queue\)$/m)
  assert.match(shown.err, new RegExp(`redrive cause ack ${cause}`))
  assert.match((await ok('cause', 'ack', cause, '--note', 'mine', ...ann)).out, /is acknowledged\n/)
  assert.match((await ok('cause', 'assign', cause, 'bob', ...ann)).out, /^assignee +bob$/m)
  assert.match((await ok('cause', 'own', cause, 'payments', ...ann)).out, /^owner +payments$/m)
  assert.match(
    (await ok('cause', 'comment', cause, 'seen in May', ...ann)).out,
    /^comment +.* by ann .*: seen in May$/m,
  )
  const link = ['https://tracker.example/OPS-17', '--kind', 'tracker', '--title', 'OPS-17'] as const
  assert.match((await ok('cause', 'link', cause, ...link)).out, /^link +\d+ {2}tracker {2}OPS-17 {2}https:/m)
  const listed = JSON.parse((await ok('causes', '--owner', 'payments', '--assignee', 'bob', '--json')).out)
  assert.deepEqual([listed.length, listed[0].state, listed[0].ownerFrom], [1, 'acknowledged', 'cause'])
  const snooze = ['--for', '3d', '--letters', '2', '--release', '2.0', '--reason', 'known'] as const
  const snoozed = await ok('cause', 'snooze', cause, ...snooze)
  assert.match(
    snoozed.out,
    /^waits +until \d{4}-\S+Z, or for 2 more letters \(0 came\), or for a failure of 2\.0 or newer$/m,
  )
  await bed.captured({ release: '1.4.0' }, { release: '1.4.0' })
  await followCauses(bed.store)
  assert.match((await ok('cause', 'show', cause)).out, /^since +.* by office: 2 more letters have come$/m)
  const fixed = await ok('cause', 'fix', cause, '--in', '1.4.1', '--note', 'OPS-17', ...ann)
  assert.match(fixed.out, /^waits +fixed in 1\.4\.1: regresses by a failure of it or of a newer one$/m)
  assert.match(fixed.err, new RegExp(`redrive replay plan --cause ${cause}`))
  await bed.captured({ release: '1.4.0' })
  await followCauses(bed.store)
  assert.match((await ok('causes', '--state', 'fixed')).out, /\tfixed\tpayments\tbob\t/)
  await bed.captured({ release: '1.5.0' })
  await followCauses(bed.store)
  const back = await ok('cause', 'show', cause)
  assert.match(back.out, /regressed, transient/)
  assert.match(back.out, /^since +.* by office: release 1\.5\.0 fails, which is 1\.4\.1 or newer$/m)
  const history = await ok('cause', 'history', cause)
  assert.deepEqual(
    history.out
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t')[2]),
    ['regress', 'fix', 'wake', 'snooze', 'link', 'comment', 'own', 'assign', 'acknowledge', 'look'],
  )
  const events = (await ok('cause', 'history', cause, '--comments', '--jsonl')).out.trim().split('\n')
  assert.deepEqual(
    events.map((line) => (JSON.parse(line) as { said: string }).said),
    ['seen in May'],
  )
  const { links, revision } = JSON.parse((await ok('cause', 'show', cause, '--json')).out) as {
    links: { id: number }[]
    revision: number
  }
  await ok('cause', 'unlink', cause, String(links[0]?.id), '--revision', String(revision))
  assert.match((await ok('cause', 'own', cause, '--queue')).out, /^owner +shop \(of the queue\)$/m)
  assert.doesNotMatch((await ok('cause', 'assign', cause, '--nobody')).out, /^assignee/m)
  assert.equal((JSON.parse((await ok('cause', 'reopen', cause, '--json')).out) as { state: string }).state, 'open')
})

test('mistakes are told, with what to do, and change nothing', async (t) => {
  const { bed, run, cause } = await desk(t)
  const because = ['--reason', 'known'] as const
  const wrong: readonly (readonly [number, RegExp, readonly string[]])[] = [
    [2, /needs an end/, ['snooze', cause, ...because]],
    [2, /--reason/, ['snooze', cause, '--for', '3d']],
    [2, /30m, 12h, 3d/, ['snooze', cause, '--for', '3 days', ...because]],
    [2, /past/, ['snooze', cause, '--until', '2020-01-01T00:00Z', ...because]],
    [2, /zone/, ['snooze', cause, '--until', '2030-01-01T00:00', ...because]],
    [2, /at most/, ['snooze', cause, '--until', '2030-01-01T00:00Z', '--for', '3d', ...because]],
    [2, /--nobody/, ['assign', cause]],
    [2, /--nobody/, ['assign', cause, 'bob', '--nobody']],
    [2, /--queue/, ['own', cause]],
    [2, /text or --file/, ['comment', cause]],
    [2, /http/, ['link', cause, 'javascript:alert(1)']],
    [2, /kind/, ['link', cause, 'https://a.example', '--kind', 'chat']],
    [6, /no link 99/, ['unlink', cause, '99']],
    [6, /no cause/, ['ack', 'c_0000000000000']],
    [7, /changed meanwhile.*\n.*cause show/, ['ack', cause, '--revision', '9']],
    [2, /Allowed choices/, ['../causes', '--state', 'odd']],
  ]
  for (const [code, message, args] of wrong) {
    const command = args[0] === '../causes' ? ['causes', ...args.slice(1)] : ['cause', ...args]
    const ended = await run(...command)
    assert.equal(ended.code, code, `${args.join(' ')}: ${ended.err}`)
    assert.match(ended.err, message, args.join(' '))
    assert.match(ended.err, /try: /, args.join(' '))
  }
  assert.equal((await bed.store.pool.query('select from cause_event')).rowCount, 0)
  assert.match((await run('causes', '--unowned')).err, /No cause is like that/)
})

const hostile = '\u001b[2J\u001b]0;owned\u0007\u202Egnp.exe\u200b\r\nnext\u009b31m\u2028'

test('what people write about a cause can neither steer the terminal nor hide in it', async (t) => {
  const { run, cause } = await desk(t)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'redrive-cause-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(path.join(folder, 'text'), hostile)
  const ended: Ended[] = []
  for (const args of [
    ['ack', cause, '--by', hostile, '--note', hostile],
    ['own', cause, hostile],
    ['assign', cause, hostile],
    ['comment', cause, '--file', path.join(folder, 'text')],
    ['link', cause, `https://a.example/${hostile}`, '--title', hostile],
    ['fix', cause, '--in', hostile],
    ['reopen', cause, '--reason', hostile],
    ['snooze', cause, '--release', hostile, '--reason', hostile],
    ['show', cause],
    ['history', cause],
  ])
    ended.push(await run('cause', ...args))
  ended.push(await run('causes'))
  for (const { code, out, err } of ended) {
    assert.equal(code, 0, err)
    for (const said of [out, err])
      assert.ok(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e]/.test(said), JSON.stringify(said))
  }
})

test('who plans a replay of a cause, or discards its letters, has looked at it', async (t) => {
  const { bed, run, cause } = await desk(t)
  await bed.captured({ queue: 'invoices', error: 'something else' })
  const [other] = (await listCauses(bed.store, { queue: 'invoices' })).causes
  const stateOf = async (id: string): Promise<string | undefined> =>
    (await listCauses(bed.store)).causes.find((each) => each.id === id)?.state
  assert.equal((await run('replay', 'plan', 'tier:permanent')).code, 0)
  assert.deepEqual([await stateOf(cause), await stateOf(other?.id ?? '')], ['new', 'new'])
  assert.equal((await run('replay', 'plan', '--cause', cause, '--by', 'ann')).code, 0)
  assert.equal(await stateOf(cause), 'open')
  assert.equal((await run('discard', '--cause', other?.id ?? '', '--reason', 'no use')).code, 0)
  assert.equal(await stateOf(other?.id ?? ''), 'open')
  const history = await run('cause', 'history', cause, '--json')
  assert.deepEqual(
    (JSON.parse(history.out) as { what: string; by: string }[]).map(({ what, by }) => [what, by.split(' ')[0]]),
    [['look', 'ann']],
  )
})
