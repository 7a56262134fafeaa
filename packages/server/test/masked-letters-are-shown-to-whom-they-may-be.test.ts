import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { memoryBroker, memoryStore } from '@redrive/worker/memory'
import { createToken } from '../src/access/index.ts'
import { parseConfig } from '../src/config/index.ts'
import { openOffice } from '../src/office.ts'
import { openDatabase } from '../src/store/database.ts'
import { showLetterId } from '../src/store/ids.ts'
import { api } from './api-bed.ts'
import { commandLine } from './command-line.ts'
import { memoryConnection } from './memory-connection.ts'
import { deadMessage, until } from './office-bed.ts'

const body = '{"n":9007199254740993,"password":"hunter2"}'
const shown = '{"n":9007199254740993,"password":"[masked: secret name]"}'

test('an operator who says why sees a letter as it is, and the audit trail says so', async (t) => {
  const { bed, call, url, token } = await api(t)
  const [id] = (await bed.captured({ body, error: 'password=hunter2', errorClass: 'Wrong' })).map(showLetterId)
  const viewer = await createToken(bed.store, 'looks', { by: 'test', role: 'viewer' })
  const letter = `/api/v1/letters/${id}`
  type Shown = { masked: string[]; failure: { message: string }; message: { body: { text: string; base64: string } } }
  const masked = (await call('GET', letter)).json as unknown as Shown
  assert.deepEqual(masked.masked, ['secret name'])
  assert.equal(masked.message.body.text, shown)
  assert.equal(Buffer.from(masked.message.body.base64, 'base64').toString(), shown)
  assert.equal(masked.failure.message, 'password=[masked: secret name]')

  const why = 'reveal=ticket%2017'
  const revealed = (await call('GET', `${letter}?${why}`)).json as unknown as Shown
  assert.deepEqual([revealed.masked, revealed.message.body.text], [[], body])
  const bytes = async (query: string, bearer = token): Promise<string> => {
    const response = await fetch(`${url}${letter}/body${query}`, { headers: { authorization: `Bearer ${bearer}` } })
    return response.ok ? response.text() : ((await response.json()) as { code: string }).code
  }
  assert.equal(await bytes(''), 'MASKED')
  assert.equal(await bytes('', viewer), 'MASKED')
  assert.equal(await bytes(`?${why}`, viewer), 'FORBIDDEN')
  assert.equal((await call('GET', `${letter}?${why}`, { token: viewer })).status, 403)
  assert.equal((await call('GET', `${letter}?reveal=%20`)).status, 400)
  const { entries } = (await call('GET', '/api/v1/audit')).json as { entries: { action: string }[] }
  assert.equal(entries.filter(({ action }) => action === 'letter.reveal').length, 1, 'what was refused was not shown')
  assert.equal(await bytes(`?${why}`), body)
  const [entry] = ((await call('GET', '/api/v1/audit')).json as { entries: object[] }).entries
  assert.deepEqual(
    { ...entry, id: '', at: '' },
    {
      id: '',
      at: '',
      actor: 'token test-1',
      action: 'letter.reveal',
      target: id,
      reason: 'ticket 17',
      details: { what: '/letters/:id/body' },
    },
  )
})

test('what is edited and replayed are the true bytes, and no mark gets into a letter', async (t) => {
  const { bed, call } = await api(t)
  const [id] = (await bed.captured({ body, key: '[masked: key]' })).map(showLetterId)
  const edit = (change: object) =>
    call('POST', `/api/v1/letters/${id}/versions`, { body: { ...change, by: 'ann', reason: 'r' } })
  for (const change of [
    { body: { text: shown.replace('3,', '4,') } },
    { patch: '[{"op":"set","path":"/x","value":"a [masked: email #2] b"}]' },
    { key: { text: '[masked: body]' } },
    { headers: [{ op: 'set', name: 'x', value: { text: '[masked: header x]' } }] },
  ]) {
    const { json, status } = await edit(change)
    assert.equal(status, 422, JSON.stringify(json))
    assert.match(json.detail ?? '', /it would hold the text \[masked: .*which stands for something that was not shown/)
  }
  assert.equal((await edit({ patch: '[{"op":"set","path":"/n","value":9007199254740995}]' })).status, 201)
  const diff = JSON.stringify((await call('GET', `/api/v1/letters/${id}/diff`)).json)
  assert.ok(diff.includes('9007199254740995') && diff.includes('secret name #1') && !diff.includes('hunter2'), diff)
  assert.equal((await edit({ patch: '[{"op":"set","path":"/password","value":"hunter3"}]' })).status, 201)
  const changed = JSON.stringify((await call('GET', `/api/v1/letters/${id}/diff?from=1`)).json)
  assert.ok(changed.includes('secret name #1') && changed.includes('secret name #2'), `a change is seen: ${changed}`)
  assert.ok(JSON.stringify((await call('GET', `/api/v1/letters/${id}/diff?from=1&reveal=r`)).json).includes('hunter3'))
  bed.replayer()
  const run = await bed.replayed({ letters: [id ?? ''] }, { destination: 'origin' })
  assert.equal(run.sends.sent, 1)
  assert.ok(
    bed
      .messages('orders')
      .some(
        (sent) => Buffer.from(sent.body ?? '').toString() === body.replace('993', '995').replace('hunter2', 'hunter3'),
      ),
  )
})

test('a whole key or body is withheld in the queues that a rule names', async (t) => {
  const rules = [{ part: 'key' }, { part: 'body', queues: ['pay*'] }] as const
  const { bed, call } = await api(t, { masking: { rules, defaults: false } })
  const ids = (await bed.captured({ key: 'ann', body: 'b' }, { key: 'bob', body: 'b', queue: 'payments' })).map(
    showLetterId,
  )
  const shownOf = async (id = ''): Promise<readonly unknown[]> => {
    const { message } = (await call('GET', `/api/v1/letters/${id}`)).json as unknown as {
      message: { key: { base64: string; text: string }; body: { text: string } }
    }
    return [message.key.text, Buffer.from(message.key.base64, 'base64').toString(), message.body.text]
  }
  assert.deepEqual(await shownOf(ids[0]), ['[masked: key]', '[masked: key]', 'b'])
  assert.deepEqual(await shownOf(ids[1]), ['[masked: key]', '[masked: key]', '[masked: body]'])
  const { letters } = (await call('GET', '/api/v1/letters')).json as unknown as { letters: { key: string }[] }
  assert.deepEqual(
    letters.map(({ key }) => key),
    ['[masked: key]', '[masked: key]'],
  )
})

test('lists cut texts only after they are masked: half of a number is none that could be known', async (t) => {
  const { bed, call } = await api(t, { masking: { rules: [{ pattern: 'card-number' }], defaults: false } })
  const card = ' 4111111111111111'
  await bed.captured({ error: `${'x'.repeat(490)}${card}`, key: `${'k'.repeat(190)}${card}` })
  const { letters } = (await call('GET', '/api/v1/letters')).json as unknown as {
    letters: { key: string; message: string }[]
  }
  assert.equal(letters[0]?.message, `${'x'.repeat(490)} [masked: `)
  assert.equal(letters[0].key, `${'k'.repeat(190)} [masked: `)
})

test('the command line says what is not shown, and how to see it', async (t) => {
  const { bed, call, url, token } = await api(t)
  const [id = ''] = (await bed.captured({ body, errorClass: 'Wrong' })).map(showLetterId)
  const ann = commandLine({ url, token })
  const plain = await ann('letter', 'show', id)
  assert.match(plain.err, /Not shown: secret name\. Operators see it, .* redrive letter show l_\w+ --reveal --reason/)
  assert.ok(!plain.out.includes('hunter2'))
  const revealed = await ann('letter', 'show', id, '--reveal', '--reason', 'ticket 17')
  assert.ok(revealed.out.includes('hunter2') && !revealed.err.includes('Not shown'))
  assert.equal((await ann('letter', 'show', id, '--body', '--reveal', '--reason', 'x')).out, body)
  const refused = await ann('letter', 'show', id, '--body')
  assert.deepEqual([refused.code, refused.out], [4, ''])
  assert.match(refused.err, /byte for byte or not at all[^]*--body --reveal --reason/)
  const lonely = await ann('letter', 'show', id, '--reveal')
  assert.equal(lonely.code, 2)
  assert.match(lonely.err, /--reveal and --reason go together/)

  const made = await ann('token', 'create', 'bob', '--role', 'viewer')
  assert.match((await ann('token', 'list')).out, /bob\s+viewer/)
  const bob = commandLine({ url, token: made.out.trim() })
  const denied = await bob('letter', 'show', id, '--reveal', '--reason', 'x')
  assert.equal(denied.code, 4)
  assert.match(denied.err, /token bob is a viewer's/)
  const causes = (await call('GET', '/api/v1/causes')).json as unknown as { causes: { id: string }[] }
  const cause = causes.causes[0]?.id ?? ''
  const looked = await bob('cause', 'show', cause)
  assert.equal(looked.code, 0, looked.err)
  const { state } = (await call('GET', `/api/v1/causes/${cause}`)).json
  assert.equal(state, 'new', 'nobody who could do anything has looked')
  const searched = await bob('letters', 'hunter2')
  assert.equal(searched.code, 4)
  assert.match(searched.err, /cannot search by words/)
})

test('the log and the notifiers of an office are told what nobody in particular may see', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'redrive-masking-'))
  const store = memoryStore()
  const lines: string[] = []
  const text = `data: ${folder}\nhttp: { port: 0 }\n`
  const config = parseConfig(text, { file: path.join(folder, 'redrive.yaml'), env: {} })
  const broker = memoryBroker({ store })
  const sender = memoryBroker({ store })
  const error = 'login refused, password=swordfish'
  await sender.prepare([{ place: 'dead', role: 'dead-letter' }])
  await sender.send('dead', [{ message: deadMessage({ error, errorClass: 'Refused', stack: null }, 'm') }])
  await sender.close()
  const office = await openOffice({
    config,
    database: await openDatabase(config, () => undefined),
    brokers: [memoryConnection(broker)],
    tell: (line) => lines.push(line),
  })
  t.after(async () => {
    await office.stop()
    rmSync(folder, { recursive: true })
  })
  await until('an alert is in the log', () => lines.some((line) => line.startsWith('ALERT raised')) || undefined)
  for (const line of lines) assert.ok(!line.includes('swordfish'), line)
  for (const begin of ['new cause in orders', 'ALERT raised'])
    assert.match(lines.find((line) => line.startsWith(begin)) ?? '', /password=\[masked: secret name\]/)
})
