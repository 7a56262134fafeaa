import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { safeLine, safeText } from '../src/cli/safe-text.ts'
import { showLetterId } from '../src/store/ids.ts'
import { type Ended, redrive, redriveItself } from './command-line.ts'
import { lane, type OfficeBed, officeBed, until } from './office-bed.ts'

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

/** The command line, signed in to an office in this process. */
async function signedIn(t: TestContext): Promise<{
  bed: OfficeBed
  run: (args: readonly string[], input?: string) => Promise<Ended>
  env: NodeJS.ProcessEnv
}> {
  const bed = await officeBed(t)
  const { server, token } = await bed.http()
  const env = { REDRIVE_URL: server.url, REDRIVE_TOKEN: token }
  return {
    bed,
    env,
    run: (args, input) => (input === undefined ? redrive(args, { env }) : redriveItself(args, { env, input })),
  }
}

const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')

test('help needs no office, goes to stdout and ends with 0', async () => {
  for (const args of [
    ['--help'],
    ['letters', '--help'],
    ['replay', 'plan', '--help'],
    ['help', 'letters'],
    ['help', 'query'],
    ['help', 'exit-codes'],
    ['help', 'environment'],
    ['help', 'replay', 'run'],
    ['--version'],
  ]) {
    const { code, out, err } = await redrive(args)
    assert.equal(code, 0, args.join(' '))
    assert.ok(out.length > 4 && err === '', args.join(' '))
  }
})

test('a process of its own answers as the one that stays does', async (t) => {
  const { bed, env } = await signedIn(t)
  await bed.captured({ key: 'k-1' }, { error: 'no\u001b[2J answer' })
  for (const args of [
    ['--version'],
    ['letters', '--help'],
    ['letters', '--limit', '0'],
    ['letters', 'queue:orders colour:red'],
    ['letters', '--jsonl'],
    ['letters', 'queue:payments', '--require-match'],
    ['letter', 'show', 'l_nothing', '--json'],
    ['status', '--fail-on', 'open>0', '--json'],
  ])
    assert.deepEqual(
      withoutTimes(await redrive(args, { env })),
      withoutTimes(await redriveItself(args, { env })),
      args.join(' '),
    )
})

/** The books may be checked between two answers. */
const withoutTimes = ({ out, ...rest }: Awaited<ReturnType<typeof redrive>>): unknown => ({
  ...rest,
  out: out.replace(/"booksCheckedAt":"[^"]*"/, '"booksCheckedAt":"then"'),
})

test('wrong usage ends with 2 and says what to try', async () => {
  const wrong = [
    ['nonsense'],
    ['letters', '--nonsense'],
    ['letters', '--limit', 'x'],
    ['letters', '--limit', '0'],
    ['replay', 'plan', '--to', 'moon', 'queue:a'],
    ['replay', 'plan', '--pace', '0', 'queue:a'],
    ['discard', 'queue:a'],
    ['discard', 'queue:a', '--reason', 'r', '--plan', '--expect', '2'],
    ['help', 'nonsense'],
    ['cause', 'show'],
  ]
  for (const args of wrong) {
    const { code, out, err } = await redrive(args)
    assert.equal(code, 2, args.join(' '))
    assert.equal(out, '', args.join(' '))
    assert.match(err, /^error: /, args.join(' '))
    assert.match(err, /try:/, `${args.join(' ')}: ${err}`)
  }
})

test('without an office it ends with 11, without a token with 4, and says what to do', async (t) => {
  const nowhere = mkdtempSync(path.join(os.tmpdir(), 'redrive-nowhere-'))
  t.after(() => rmSync(nowhere, { recursive: true }))
  const none = await redrive(['status', '--data', nowhere])
  assert.equal(none.code, 11)
  assert.match(none.err, /^error: No office runs on .*\ntry: .*redrive serve/)
  const closed = await redrive(['status'], { env: { REDRIVE_URL: 'http://127.0.0.1:1', REDRIVE_TOKEN: 'x' } })
  assert.equal(closed.code, 11)
  assert.match(closed.err, /error: .*\nwhy: .*\ntry: /)
  writeFileSync(path.join(nowhere, 'office.json'), '{broken')
  assert.equal((await redrive(['status', '--data', nowhere])).code, 11)
  const { env } = await signedIn(t)
  assert.equal((await redrive(['status'], { env: { ...env, REDRIVE_TOKEN: 'rd_wrong' } })).code, 4)
  const noToken = await redrive(['status'], { env: { REDRIVE_URL: env['REDRIVE_URL'] } })
  assert.equal(noToken.code, 4)
  assert.match(noToken.err, /try: .*redrive token create/)
  const asJson = await redrive(['status', '--json'], { env: { ...env, REDRIVE_TOKEN: 'rd_wrong' } })
  assert.equal((JSON.parse(asJson.err) as { code: string }).code, 'UNAUTHENTICATED')
})

test('a bad query points at its mistake, what is not there is 6, nothing matched 3 on request', async (t) => {
  const { run } = await signedIn(t)
  const bad = await run(['letters', 'queue:orders colour:red'])
  assert.equal(bad.code, 2)
  assert.match(bad.err, /queue:orders colour:red\n {7} {13}\^\n/)
  assert.equal((await run(['letter', 'show', 'l_nothing'])).code, 6)
  assert.equal((await run(['cause', 'show', 'c_0000000000000'])).code, 6)
  assert.equal((await run(['letters', 'queue:orders'])).code, 0)
  assert.equal((await run(['letters', 'queue:orders', '--require-match'])).code, 3)
  assert.equal((await run(['causes', '--require-match'])).code, 3)
  assert.equal((await run(['replay', 'plan', 'queue:orders', '--require-match'])).code, 3)
})

test('piped lists are tab-separated, uncut and plain; --json and --jsonl are for programs', async (t) => {
  const { bed, run } = await signedIn(t)
  await bed.captured({ key: 'k-1', error: `long ${'x'.repeat(300)}` }, { key: 'k-2' })
  const { code, out, err } = await run(['letters', 'queue:orders'])
  assert.equal(code, 0)
  const [head, first] = lines(out).map((line) => line.split('\t'))
  assert.equal(head?.[0], 'LETTER')
  assert.equal(first?.length, head?.length)
  assert.ok(out.includes('x'.repeat(300)))
  assert.ok(!out.includes('\u001b') && err === '')
  const json = JSON.parse((await run(['letters', '--json'])).out) as { id: string; key: string }[]
  assert.deepEqual(json.map(({ key }) => key).toSorted(), ['k-1', 'k-2'])
  const jsonl = lines((await run(['letters', '--jsonl', '--limit', '1'])).out)
  assert.equal(jsonl.length, 1)
  assert.match((JSON.parse(jsonl[0] ?? '') as { id: string }).id, /^l_/)
  for (const args of [['status'], ['queues'], ['causes'], ['ledger'], ['token', 'list']]) {
    const plain = await run(args)
    assert.equal(plain.code, 0, args.join(' '))
    assert.ok(plain.out.length > 0)
    JSON.parse((await run([...args, '--json'])).out)
  }
})

test('a cause says in plain words why its letters are here and what to type next', async (t) => {
  const { bed, run } = await signedIn(t)
  await bed.captured({
    errorClass: 'TypeError',
    error: 'total is undefined',
    tier: 'permanent',
    stack: 'TypeError: total is undefined\n    at sum (/srv/orders/total.js:3:9)',
  })
  const [cause] = JSON.parse((await run(['causes', '--json'])).out) as { id: string }[]
  const { code, out, err } = await run(['cause', 'show', cause?.id ?? ''])
  assert.equal(code, 0)
  assert.match(out, /Why these letters are together/)
  assert.match(out, /queue orders.*consumer|hands of reefer/)
  assert.match(out, /TypeError: total is undefined/)
  assert.match(out, /total/)
  assert.match(err, new RegExp(`redrive replay plan --cause ${cause?.id}`))
})

test('ids go through a pipe into a plan; a run needs --yes and --expect there, ends with 7 when stale, with 9 when something came back', async (t) => {
  const { bed, run } = await signedIn(t)
  await bed.captured({ body: 'one' }, { body: 'two' })
  const ids = (await run(['letters', 'queue:orders', '--jsonl'])).out
  const planned = await run(['replay', 'plan', '--ids-file', '-', '--json'], ids)
  assert.equal(planned.code, 0, planned.err)
  const plan = JSON.parse(planned.out) as { id: string; letters: number }
  assert.equal(plan.letters, 2)
  assert.equal(bed.messages(lane).length, 0, 'a plan sends nothing')
  const unasked = await run(['replay', 'run', plan.id])
  assert.equal(unasked.code, 2)
  assert.match(unasked.err, new RegExp(`try: .*replay run ${plan.id} --yes --expect 2`))
  assert.equal((await run(['replay', 'run', plan.id, '--yes', '--expect', '3'])).code, 7)
  bed.replayer()
  await bed.worker({
    retry: { maxAttempts: 1 },
    handle(message) {
      if (Buffer.from(message.body ?? []).toString() === 'two') throw new Error('again')
    },
  })
  const ran = await run(['replay', 'run', plan.id, '--yes', '--expect', '2'])
  assert.equal(ran.code, 9, ran.err)
  assert.match(ran.out, /1 confirmed, 1 returned/)
  const again = await run(['replay', 'run', plan.id, '--yes', '--expect', '2'])
  assert.equal(again.code, 7)
  const watched = await run([
    'replay',
    'watch',
    (
      JSON.parse((await run(['replay', 'run', plan.id, '--yes', '--expect', '2', '--json'])).err) as {
        data: { run: string }
      }
    ).data.run,
    '--json',
  ])
  assert.equal(watched.code, 9)
  assert.equal((JSON.parse(watched.out) as { sends: { sent: number } }).sends.sent, 2)
})

test('a discard is planned, done and undone, and each step says the next', async (t) => {
  const { bed, run } = await signedIn(t)
  await bed.captured({ tier: 'malformed' }, { tier: 'malformed' }, {})
  const planned = await run(['discard', 'tier:malformed', '--reason', 'test\u001b[31m orders', '--plan'])
  assert.equal(planned.code, 0, planned.err)
  assert.match(planned.out, /2 would be discarded; none is yet {2}d_/)
  assert.ok(!`${planned.out}${planned.err}`.includes('\u001b[31m'))
  assert.deepEqual(await bed.states(), { open: 3 })
  const id = /d_[0-9a-z]{26}/.exec(planned.out)?.[0] ?? ''
  assert.ok(planned.err.includes(`redrive discards run ${id} --expect 2`))
  assert.equal((await run(['discards', 'run', id, '--expect', '3'])).code, 7)
  const done = await run(['discards', 'run', id, '--expect', '2', '--by', 'ann'])
  assert.match(done.out, /2 discarded/)
  assert.match(done.err, new RegExp(`Undo it within 7 d: redrive discards undo ${id}`))
  assert.deepEqual(await bed.states(), { discarded: 2, open: 1 })
  assert.match((await run(['discards', 'list'])).out, new RegExp(`${id}\t.*\tdone\t2\tann`))
  assert.equal((await run(['discards', 'undo', id])).code, 2, 'a reason is asked for')
  const undone = await run(['discards', 'undo', id, '--reason', 'they were none', '--json'])
  assert.equal((JSON.parse(undone.out) as { reopened: number }).reopened, 2)
  assert.match((await run(['discards', 'show', id])).out, /2 of 2 are again what they were/)
  assert.deepEqual(await bed.states(), { open: 3 })
  assert.equal((await run(['discard', 'tier:malformed', '--reason', 'x', '--expect', '1'])).code, 7)
  assert.equal((await run(['discards', 'show', 'd_1'])).code, 6)
})

test('a discard says what it did; a threshold ends with 10', async (t) => {
  const { bed, run } = await signedIn(t)
  const [id] = await bed.captured({}, {})
  const done = await run(
    ['discard', '--ids-file', '-', '--reason', 'test order', '--by', 'ann'],
    `${showLetterId(id ?? '')}\n`,
  )
  assert.equal(done.code, 0, done.err)
  assert.match(done.out, /1 discarded/)
  assert.deepEqual(await bed.states(), { discarded: 1, open: 1 })
  assert.equal((await run(['discard', '--reason', 'x'])).code, 2, 'nothing named is an error, never everything')
  assert.equal((await run(['status', '--fail-on', 'open>0'])).code, 10)
  assert.equal((await run(['status', '--fail-on', 'open>1,unaccounted>0'])).code, 0)
  assert.equal((await run(['status', '--fail-on', 'opne>1'])).code, 2)
  await bed.store.pool.query(`update letter set state = 'open'`)
  assert.equal((await run(['ledger'])).code, 10, 'books that do not balance')
})

const hostile = '\u001b[2J\u001b]0;owned\u0007\u202Egnp.exe\u200b\r\nnext\u0000\u009b31m\u2028'

test('text of letters can neither steer the terminal nor hide', async (t) => {
  const { bed, run } = await signedIn(t)
  const [id] = await bed.captured({
    body: hostile,
    key: hostile,
    error: hostile,
    errorClass: 'E\u001b[1m',
    release: hostile,
    host: hostile,
    headers: [{ name: `x${hostile}`, value: Buffer.from(hostile) }],
    stack: `E: ${hostile}\n    at f (/srv/${hostile}.js:1:1)`,
  })
  const [cause] = JSON.parse((await run(['causes', '--json'])).out) as { id: string }[]
  for (const args of [
    ['letters'],
    ['letter', 'show', showLetterId(id ?? '')],
    ['causes'],
    ['cause', 'show', cause?.id ?? ''],
    ['queues'],
    ['status'],
    ['ledger'],
    ['replay', 'plan', 'queue:orders'],
  ]) {
    const { code, out, err } = await run(args)
    assert.equal(code, 0, args.join(' '))
    for (const text of [out, err])
      assert.ok(
        !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e]/.test(text),
        `${args.join(' ')}: ${JSON.stringify(text)}`,
      )
  }
  const raw = await run(['letter', 'show', showLetterId(id ?? ''), '--body'])
  assert.equal(raw.out, hostile, 'asked for, the bytes come as they are')
})

test('a plan names the place it goes to, and what that place is called can neither steer the terminal nor hide', async (t) => {
  const { bed, run } = await signedIn(t)
  const place = hostile.replaceAll('\u0000', '')
  await bed.broker.prepare([{ place, role: 'source' }])
  await bed.captured({}, {})
  const quick = ['--no-canary', '--no-ramp', 'queue:orders']
  const planned = await run(['replay', 'plan', '--to', `memory:${place}`, ...quick])
  assert.equal(planned.code, 0, planned.err)
  assert.match(planned.out, /2 to \\u\{1b\}\[2J.* on memory {2}\(everybody who reads it gets them\)/)
  assert.match(planned.out, /it was chosen, and is there; memory does not tell who reads there/)
  assert.match(
    planned.out,
    /a consumer there with @redrive\/worker reports what becomes of them; of any other nobody says it/,
  )
  const plan = /p_\w+/.exec(planned.out)?.[0] ?? ''
  bed.replayer({ outcomeWindowSeconds: 0 })
  const ran = await run(['replay', 'run', plan, '--yes', '--expect', '2'])
  const id = /r_\w+/.exec(ran.out + ran.err)?.[0] ?? ''
  await until('sent', async () => ((await bed.states())['replayed'] === 2 ? true : undefined))
  bed.memory.places.delete(place)
  const outputs = [planned, ran]
  for (const args of [
    ['replay', 'watch', id],
    ['replay', 'list'],
    ['replay', 'report', id],
    ['replay', 'plan', '--to', `memory:${place}`, ...quick],
    ['replay', 'plan', '--to', `${place}:orders`, ...quick],
  ])
    outputs.push(await run(args))
  for (const { out, err } of outputs) {
    assert.ok(out + err !== '')
    assert.ok(
      !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e]/.test((out + err).replaceAll('\r\n', '\n')),
      JSON.stringify(out + err),
    )
  }
  assert.deepEqual(
    outputs.slice(-2).map(({ code }) => code),
    [2, 2],
  )
})

test('unsafe characters become visible, others stay', () => {
  assert.equal(safeText('a\u001b[1m b\nc\td'), 'a\\u{1b}[1m b\nc\td')
  assert.equal(safeLine('a\r\nb\tc'), 'a b c')
  assert.equal(safeText('Müller 😀 日本'), 'Müller 😀 日本')
  assert.equal(safeText('\ud800x\u{e0041}'), '\\u{d800}x\\u{e0041}')
})

test('a reader that goes away ends the command quietly', async (t) => {
  const { bed, env } = await signedIn(t)
  await bed.captured(...Array.from({ length: 100 }, () => ({ error: 'x'.repeat(400) })))
  const child = spawn(
    process.execPath,
    ['--conditions=@redrive/source', main, 'letters', '--jsonl', '--limit', '200'],
    { env: { ...process.env, ...env } },
  )
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  child.stdout.destroy()
  const code = await new Promise((resolve) => child.on('close', resolve))
  assert.equal(code, 0, err)
  assert.equal(err, '')
})

test('serve opens an office that the command line finds by itself, and closes it on a signal', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'redrive-serve-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const { REDRIVE_URL: _, REDRIVE_TOKEN: __, ...own } = process.env
  const office = spawn(process.execPath, ['--conditions=@redrive/source', main, 'serve', '--port', '0'], {
    cwd: folder,
    env: own,
  })
  const ended = new Promise<number | null>((resolve) => office.on('close', resolve))
  let err = ''
  office.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  t.after(async () => {
    office.kill('SIGTERM')
    await ended
  })
  await until('the office is open', () => (/is open at http/.test(err) || office.exitCode !== null ? true : undefined))
  const status = await redriveItself(['status', '--json'], { cwd: folder })
  assert.equal(status.code, 0, `${status.err}${err}`)
  assert.equal((JSON.parse(status.out) as { unaccounted: number }).unaccounted, 0)
  const second = await redriveItself(['serve', '--port', '0'], { cwd: folder })
  assert.notEqual(second.code, 0)
  assert.match(second.err, /^error: /)
  const made = await redrive(['token', 'create', 'ci'], { cwd: folder })
  assert.match(made.out, /^rd_\S{43}\n$/)
  office.kill('SIGTERM')
  assert.equal(await ended, 0, err)
  assert.equal((await redrive(['status'], { cwd: folder })).code, 11)
})

test('serve --check asks without starting anything, and says which line is wrong', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'redrive-check-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'redrive.yaml')
  const check = (text: string): Promise<Ended> => {
    writeFileSync(file, text)
    return redriveItself(['serve', '--check'], { cwd: folder })
  }
  const good = await check(
    'brokers:\n  own:\n    type: pg-boss\n    url: embedded\n    deadLetters: [orders-dead-letter]\n',
  )
  assert.equal(good.code, 0, good.err)
  assert.match(good.out, /brokers\.own: the embedded queue/)
  assert.equal((await redrive(['status'], { cwd: folder })).code, 11, 'nothing was started')
  const typo = await check('brokers:\n  own:\n    type: pg-boss\n    urll: embedded\n    deadLetters: [a]\n')
  assert.equal(typo.code, 2)
  assert.match(typo.err, /redrive\.yaml:4:\d+ .*urll.*did you mean "url"/)
  const away = await check(
    '\nbrokers:\n  shop:\n    type: rabbitmq\n    url: amqp://127.0.0.1:1\n    deadLetters: [a]\n',
  )
  assert.equal(away.code, 11, away.err)
  assert.match(away.err, /^error: redrive\.yaml:4:\d+ {2}brokers\.shop: /)
  assert.match(away.err, /try: /)
  const closed = await check('database: postgres://127.0.0.1:1/x\n')
  assert.equal(closed.code, 11, closed.err)
})
