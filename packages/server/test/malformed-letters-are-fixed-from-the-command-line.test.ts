import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { showLetterId } from '../src/store/ids.ts'
import { commandLine, type Ended } from './command-line.ts'
import { type OfficeBed, officeBed } from './office-bed.ts'

interface Desk {
  readonly bed: OfficeBed
  readonly run: (...args: readonly string[]) => Promise<Ended>
  /** Writes a file and gives its path. */
  readonly file: (name: string, content: string | Uint8Array) => string
}

async function desk(t: TestContext): Promise<Desk> {
  const bed = await officeBed(t)
  const { server, token } = await bed.http()
  const folder = mkdtempSync(path.join(os.tmpdir(), 'redrive-repair-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const run = commandLine({ url: server.url, token })
  return {
    bed,
    run,
    file(name, content) {
      writeFileSync(path.join(folder, name), content)
      return path.join(folder, name)
    },
  }
}

const original = '{ "id":9007199254740993, "currency":"eur", "legacy":1e400 }'
const why = ['--reason', 'small letters', '--by', 'ann'] as const

test('a letter is edited, looked at, and taken back', async (t) => {
  const { bed, run, file } = await desk(t)
  const [uuid = ''] = await bed.captured({ body: original, key: 'k' })
  const letter = showLetterId(uuid)
  const edited = await run(
    'letter',
    'edit',
    letter,
    '--set',
    '/currency=EUR',
    '--set',
    '/n=1.0',
    '--unset',
    '/legacy',
    '--header',
    'tenant=a=b',
    '--no-key',
    ...why,
  )
  assert.equal(edited.code, 0, edited.err)
  assert.match(edited.out, /is at version 1 now/)
  assert.match(edited.out, /^- {3}"currency": "eur",$/m)
  assert.match(edited.out, /^\+ {3}"currency": "EUR",$/m)
  assert.match(edited.out, /^\+ tenant: a=b$/m)
  assert.match(edited.out, /^key\n- k\n\+ \(none\)$/m)
  assert.match(edited.err, new RegExp(`redrive replay plan letter:${letter}`))
  assert.equal(
    (await run('letter', 'show', letter, '--body')).out,
    '{ "id":9007199254740993, "currency":"EUR", "n":1.0 }',
  )
  assert.equal((await run('letter', 'show', letter, '--body', '--of', '0')).out, original)
  const stale = await run('letter', 'edit', letter, '--set', '/a=1', '--expect-version', '0', ...why)
  assert.equal(stale.code, 7)
  assert.match(stale.err, /error: The letter is at version 1, not 0\.\ntry: .*redrive letter versions/)
  const refused = await run('letter', 'edit', letter, '--unset', '/legacy', ...why)
  assert.equal(refused.code, 2)
  assert.match(refused.err, /there is nothing at "\/legacy"/)
  const bytes = file('fixed.bin', Buffer.from([0xff, 0x00]))
  assert.equal((await run('letter', 'edit', letter, '--body', bytes, '--key-file', bytes, ...why)).code, 0)
  const listed = await run('letter', 'versions', letter)
  assert.deepEqual(
    listed.out
      .trim()
      .split('\n')
      .map((line) => line.split('\t').slice(0, 4)),
    [
      ['VERSION', 'OF', 'WHAT', 'BY'],
      ['2 *', '1', 'upload, key', listed.out.split('\n')[1]?.split('\t')[3] ?? ''],
      ['1', '0', 'patch, headers, key', listed.out.split('\n')[1]?.split('\t')[3] ?? ''],
      ['0', '–', 'as it was captured', '–'],
    ],
  )
  assert.match((await run('letter', 'show', letter)).out, /Versions .*\n.*\n2 \*\t1\tupload, key\tann \(token /)
  assert.match((await run('letter', 'diff', letter, '1', '2')).out, /body \(hex\)/)
  const json = JSON.parse((await run('letter', 'diff', letter, '1', '--json')).out) as { from: number; to: number }
  assert.deepEqual([json.from, json.to], [1, 2])
  assert.equal((await run('letter', 'revert', letter, '0', '--reason', 'no')).code, 0)
  assert.equal((await run('letter', 'show', letter, '--body')).out, original)
  assert.equal((await run('letter', 'revert', letter, '9', '--reason', 'no')).code, 6)
  assert.match((await run('letter', 'diff', letter)).err, /are the same/)
})

test('many letters: preview changes nothing, apply asks for a number, says which were refused, revert takes back', async (t) => {
  const { bed, run, file } = await desk(t)
  await bed.captured({ body: original }, { body: 'no JSON' }, { body: original })
  const patch = file('fix.json', '[{"op":"transform","path":"/currency","function":"upper"}]')
  const preview = await run('transform', 'preview', 'queue:orders', '--patch', patch, '--sample', '1', ...why)
  assert.equal(preview.code, 0, preview.err)
  assert.match(
    preview.out,
    /3 letters\n {2}can be edited: 2, are so already: 0, refused: 1\n {2}1 refused: its body is no JSON/,
  )
  assert.match(preview.out, /\n {2}\+ {3}"currency": "EUR",\n/)
  const id = /t_\w{26}/.exec(preview.out)?.[0] ?? ''
  const unasked = await run('transform', 'apply', id)
  assert.equal(unasked.code, 2)
  assert.match(unasked.err, new RegExp(`try: .*transform apply ${id} --yes --expect 2`))
  assert.equal((await run('transform', 'apply', id, '--yes', '--expect', '3')).code, 7)
  await bed.store.pool.query(
    `update letter set state = 'discarded' where id = (select letter_id from transform_letter where ordinal = 2)`,
  )
  const applied = await run('transform', 'apply', id, '--yes', '--expect', '2')
  assert.equal(applied.code, 9, applied.err)
  assert.match(applied.out, /^1 edited, 1 refused\n$/)
  const refused = await run('transform', 'letters', id, '--part', 'refused', '--jsonl')
  assert.deepEqual(
    refused.out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { why: string }).why),
    ['its body is no JSON: there is no such word in JSON (byte 0)', 'it is discarded'],
  )
  const ids = (await run('transform', 'letters', id, '--part', 'applied', '--jsonl')).out
  const plan = await run('replay', 'plan', '--ids-file', file('ids', ids), '--json')
  assert.equal((JSON.parse(plan.out) as { letters: number }).letters, 1)
  assert.match(
    (await run('transform', 'show', id, '--sample', '0')).out,
    /edited: 1, refused since: 1, taken back: 0, left: 0/,
  )
  assert.equal((await run('transform', 'revert', id, '--reason', 'no')).code, 2)
  assert.equal((await run('transform', 'revert', id, '--reason', 'no', '--yes', '--expect', '2')).code, 7)
  const reverted = await run('transform', 'revert', id, '--reason', 'no', '--yes', '--expect', '1')
  assert.deepEqual([reverted.code, reverted.out], [0, '1 taken back\n'])
  await run('transform', 'apply', id, '--yes', '--expect', '2')
  assert.equal((await bed.store.pool.query('select from letter where version > 0')).rowCount, 0)
})

test('never everything by accident, nothing without a reason, and mistakes are told', async (t) => {
  const { bed, run, file } = await desk(t)
  const [uuid = ''] = await bed.captured({ body: original })
  const letter = showLetterId(uuid)
  const wrong: readonly (readonly [number, RegExp, readonly string[]])[] = [
    [2, /Say which letters/, ['transform', 'preview', '--set', '/a=1', ...why]],
    [2, /one way only/, ['transform', 'preview', 'queue:orders', '--cause', 'c_1', '--set', '/a=1', ...why]],
    [2, /not by both/, ['transform', 'preview', 'queue:orders', '--plan', 'p_1', '--set', '/a=1', ...why]],
    [2, /nothing about what to change/, ['transform', 'preview', 'queue:orders', ...why]],
    [2, /--reason/, ['transform', 'preview', 'queue:orders', '--set', '/a=1']],
    [2, /--reason/, ['letter', 'edit', letter, '--set', '/a=1']],
    [2, /has no =/, ['letter', 'edit', letter, '--set', '/a', ...why]],
    [2, /cannot be read/, ['letter', 'edit', letter, '--patch', 'nowhere.json', ...why]],
    [2, /does not go with/, ['letter', 'edit', letter, '--patch', file('p', '[]'), '--set', '/a=1', ...why]],
    [2, /Operation 1 of the patch/, ['letter', 'edit', letter, '--patch', file('q', '[{"op":"x","path":""}]'), ...why]],
    [2, /own/, ['letter', 'edit', letter, '--remove-header', 'redrive', ...why]],
    [6, /no such transform/, ['transform', 'show', 't_00000000000000000000000000']],
    [3, /^$/, ['transform', 'preview', 'queue:orders', '--unset', '/none', '--require-match', '--json', ...why]],
  ]
  for (const [code, message, args] of wrong) {
    const ended = await run(...args)
    assert.equal(ended.code, code, `${args.join(' ')}: ${ended.err}`)
    assert.match(ended.err, message, args.join(' '))
    if (code === 2) assert.match(ended.err, /try: /, args.join(' '))
  }
})

const hostile = '\u001b[2J\u001b]0;owned\u0007\u202Egnp.exe\u200b\r\nnext\u0000\u009b31m\u2028'

test('text of letters can neither steer the terminal nor hide in a diff', async (t) => {
  const { bed, run, file } = await desk(t)
  const headers = [{ name: `x${hostile}`, value: Buffer.from(hostile) }]
  const [text = '', json = ''] = await bed.captured(
    { body: hostile, key: hostile, headers },
    { body: JSON.stringify({ [hostile]: '\u202e\u200b', currency: hostile.replaceAll('\u0000', '') }), key: 'k' },
  )
  const patch = file('fix.json', '[{"op":"transform","path":"/currency","function":"upper"}]')
  const preview = await run('transform', 'preview', 'queue:orders', '--patch', patch, ...why)
  const edits: readonly (readonly string[])[] = [
    [
      'letter',
      'edit',
      showLetterId(text),
      '--body',
      file('b', `${hostile}!`),
      '--key',
      `${hostile.replaceAll('\u0000', '')}`,
      '--remove-header',
      'nothing',
      ...why,
    ],
    [
      'letter',
      'edit',
      showLetterId(text),
      '--body',
      file('b', `${hostile}!`),
      '--key',
      'plain',
      '--header',
      'a=\u001b[1m',
      ...why,
    ],
    ['letter', 'edit', showLetterId(json), '--set', '/currency=\u001b[0m', '--reason', '\u001b[31mred'],
    ['letter', 'versions', showLetterId(json)],
    ['letter', 'show', showLetterId(json)],
    ['letter', 'diff', showLetterId(text)],
    ['transform', 'show', /t_\w{26}/.exec(preview.out)?.[0] ?? ''],
    ['transform', 'letters', /t_\w{26}/.exec(preview.out)?.[0] ?? ''],
  ]
  const ended = [preview]
  for (const args of edits) ended.push(await run(...args))
  for (const [index, { out, err }] of ended.entries())
    for (const said of [out, err])
      assert.ok(
        !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e]/.test(said),
        `${index}: ${JSON.stringify(said)}`,
      )
  assert.deepEqual(
    ended.map(({ code }) => code),
    [0, 2, 0, 0, 0, 0, 0, 0, 0],
    ended.map(({ err }) => err).join('\n'),
  )
})
