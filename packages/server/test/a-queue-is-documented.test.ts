import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { listAudit } from '../src/audit/index.ts'
import { showCause } from '../src/causes/index.ts'
import { parseConfig } from '../src/config/index.ts'
import { startOffice } from '../src/main.ts'
import { documentQueue, listQueues, sayByFile, setPolicies, showQueue } from '../src/queues/index.ts'
import { commandLine, type Ended } from './command-line.ts'
import { type OfficeBed, officeBed } from './office-bed.ts'

const byApi = (bed: OfficeBed, fields: Readonly<Record<string, string | null>>, queue = 'orders'): Promise<void> =>
  documentQueue(bed.store, { queue, fields, by: 'ann', reason: null })
const byFile = (bed: OfficeBed, text: string, file = '/etc/redrive.yaml'): Promise<void> =>
  sayByFile(bed.store, parseConfig(text, { file, env: {} }))
const owner = async (bed: OfficeBed, queue = 'orders'): Promise<string | null> =>
  (await showQueue(bed.store, queue, { mayBeUnknown: true })).document['owner']?.value ?? null

async function signedIn(t: TestContext): Promise<{
  readonly bed: OfficeBed
  readonly redrive: (...args: readonly string[]) => Promise<Ended>
  readonly call: (path: string, body?: unknown) => Promise<{ readonly status: number; readonly json: Answer }>
}> {
  const bed = await officeBed(t)
  const { server, token } = await bed.http()
  return {
    bed,
    redrive: commandLine({ url: server.url, token }),
    call: async (path, body) => {
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method: body === undefined ? 'GET' : 'PATCH',
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: response.status, json: (await response.json()) as Answer }
    },
  }
}

interface Answer {
  readonly code?: string
  readonly detail?: string
  readonly name?: string
  readonly document?: Readonly<Record<string, { readonly value: string; readonly by: string } | null>>
}

test('what the file says wins and cannot be changed by API; what it no longer says falls back', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  await byApi(bed, { owner: 'by-api', contact: '#orders' })
  await byFile(bed, 'queues:\n  orders:\n    owner: by-file\n')
  const { document } = await showQueue(bed.store, 'orders')
  assert.deepEqual(
    [document['owner']?.value, document['owner']?.origin, document['owner']?.by],
    ['by-file', 'file', '/etc/redrive.yaml:3'],
  )
  assert.deepEqual([document['contact']?.value, document['contact']?.by], ['#orders', 'ann'])
  await assert.rejects(byApi(bed, { owner: 'other', contact: '#other' }), {
    code: 'STATE_CONFLICT',
    message: 'A configuration file says it: owner in /etc/redrive.yaml:3. Nothing was changed.',
  })
  await assert.rejects(byApi(bed, { owner: null }), { code: 'STATE_CONFLICT' })
  assert.equal((await showQueue(bed.store, 'orders')).document['contact']?.value, '#orders', 'all or nothing')
  assert.deepEqual(
    (await listQueues(bed.store)).map((queue) => [queue.name, queue.owner]),
    [['orders', 'by-file']],
  )
  await byFile(bed, 'queues:\n  orders:\n    runbook: https://wiki/orders\n')
  assert.equal(await owner(bed), 'by-api')
  await byFile(bed, '')
  const after = await showQueue(bed.store, 'orders')
  assert.deepEqual([after.document['owner']?.value, after.document['runbook']], ['by-api', null])
})

test('an office takes the word of its file when it starts, and only then', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'redrive-documents-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const started = async (text: string): Promise<Answer> => {
    const file = path.join(folder, 'a.yaml')
    const config = parseConfig(`data: ${folder}/data\nhttp: { port: 0 }\n${text}`, { file, env: {} })
    const office = await startOffice(config)
    const response = await fetch(`${office.url}/api/v1/queues/orders`, {
      headers: { authorization: `Bearer ${office.token}` },
    })
    await office.stop()
    return (await response.json()) as Answer
  }
  const first = await started('queues:\n  orders: { owner: one, key: k }\n')
  assert.equal(first.document?.['owner']?.by, `${path.join(folder, 'a.yaml')}:4`)
  const second = await started('queues:\n  orders: { owner: two }\n')
  assert.deepEqual([second.document?.['owner']?.value, second.document?.['key']], ['two', null])
  assert.equal((await started('')).code, 'NOT_FOUND')
})

test('a queue that two files name says what the office says that started last; other files keep theirs', async (t) => {
  const bed = await officeBed(t)
  await byFile(bed, 'queues:\n  orders: { owner: one }\n  bills: { owner: one }\n', '/one.yaml')
  await byFile(bed, 'queues:\n  orders: { owner: two }\n', '/two.yaml')
  assert.deepEqual([await owner(bed), await owner(bed, 'bills')], ['two', 'one'])
  await byFile(bed, 'queues:\n  other: { owner: two }\n', '/two.yaml')
  assert.deepEqual([await owner(bed), await owner(bed, 'bills')], [null, 'one'])
  await byFile(bed, 'queues:\n  bills: {}\n', '/two.yaml')
  assert.equal(await owner(bed, 'bills'), null, 'a file that is gone is got rid of by naming the queue elsewhere')
})

test('offices that start together leave what one of them says, whole', async (t) => {
  const bed = await officeBed(t)
  const text = (n: number): string => `queues:\n  a: { owner: o${n}, key: k${n} }\n  b: { owner: o${n} }\n`
  await Promise.all(Array.from({ length: 8 }, (_, n) => byFile(bed, text(n), n % 2 === 0 ? '/a.yaml' : '/b.yaml')))
  const { document } = await showQueue(bed.store, 'a')
  assert.equal(document['owner']?.value.slice(1), document['key']?.value.slice(1))
  assert.equal(await owner(bed, 'a'), await owner(bed, 'b'))
})

test('a queue is documented before its first letter, and its letters find it', async (t) => {
  const bed = await officeBed(t)
  await assert.rejects(showQueue(bed.store, 'orders'), { code: 'NOT_FOUND' })
  await byApi(bed, { owner: 'team-reefer', 'tiers.permanent.process': 'call the shop' })
  const before = await showQueue(bed.store, 'orders')
  assert.deepEqual([before.seen, before.letters, before.causes], [null, {}, 0])
  assert.deepEqual(await listQueues(bed.store), [])
  await bed.captured({ tier: 'permanent' }, { tier: 'permanent' }, { tier: 'timeout' })
  const queue = await showQueue(bed.store, 'orders')
  assert.deepEqual(queue.letters, { open: 3 })
  assert.deepEqual(queue.seen?.sources, [{ broker: 'memory', place: 'orders-dead-letter' }])
  assert.equal(queue.seen?.latestCauses.length, 2)
  assert.deepEqual(
    queue.tiers
      .filter(({ open }) => open > 0)
      .map(({ tier, open, owner: who, process }) => [tier, open, who?.value, process?.value]),
    [
      ['permanent', 2, 'team-reefer', 'call the shop'],
      ['timeout', 1, 'team-reefer', undefined],
    ],
  )
  assert.deepEqual(queue.missing, [
    'contact',
    'source',
    'success',
    'failure',
    'runbook',
    'key',
    'tiers.timeout.process',
  ])
  assert.equal((await listQueues(bed.store))[0]?.owner, 'team-reefer')
  assert.equal((await showCause(bed.store, queue.seen?.latestCauses[0]?.id ?? '')).queue, 'orders')
})

test('the policy for uncertain letters still comes from the file', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  const { queues } = parseConfig('queues:\n  orders: { uncertain: resend-marked }\n', { file: 'redrive.yaml', env: {} })
  await setPolicies(bed.store, queues)
  assert.equal((await showQueue(bed.store, 'orders')).seen?.uncertain, 'resend-marked')
})

test('changes by API are in the audit trail with what was and who did it; what changes nothing is not', async (t) => {
  const bed = await officeBed(t)
  const schema = '{"type":"object"}'
  await documentQueue(bed.store, {
    queue: 'orders',
    fields: { owner: 'one', bodySchema: schema },
    by: 'ann',
    reason: 'new team',
  })
  await byApi(bed, { owner: 'two', key: null })
  await byApi(bed, { owner: 'two' })
  await byApi(bed, { owner: null })
  const trail = await listAudit(bed.store, { limit: 10 })
  assert.deepEqual(
    trail.map(({ actor, action, target, reason, details }) => [actor, action, target, reason, details?.['owner']]),
    [
      ['ann', 'queue.document', 'orders', null, { was: 'two', is: null }],
      ['ann', 'queue.document', 'orders', null, { was: 'one', is: 'two' }],
      ['ann', 'queue.document', 'orders', 'new team', { was: null, is: 'one' }],
    ],
  )
  assert.match(JSON.stringify(trail[2]?.details), /"bodySchema":\{"is":"sha256:[0-9a-f]{64}","was":null\}/)
  await assert.rejects(byApi(bed, {}), { code: 'REQUEST_INVALID' })
  await assert.rejects(byApi(bed, { bodySchema: 'no json' }), { code: 'REQUEST_INVALID' })
  await byApi(bed, { owner: 'half \ud800' })
  assert.equal(await owner(bed), 'half \ufffd')
})

test('the command that is printed says nothing before somebody fills it in', async (t) => {
  const { bed, redrive } = await signedIn(t)
  await bed.captured({})
  const { next } = JSON.parse((await redrive('queue', 'show', 'orders', '--json')).out) as { next: string }
  const words = next.split(' ').slice(1)
  assert.ok(words.includes('…'))
  const ended = await redrive(...words)
  assert.equal(ended.code, 2)
  assert.match(ended.err, /owner: … is to be filled in/)
  assert.equal(await owner(bed), null)
  await assert.rejects(byApi(bed, { owner: 'ops', contact: ' ... ' }), { code: 'REQUEST_INVALID' })
  assert.equal(await owner(bed), null, 'all of it or nothing')
  const filled = words.map((word) => (word === '…' ? 'x' : word))
  assert.equal((await redrive(...filled)).code, 0)
  assert.equal(await owner(bed), 'x')
})

test('names of queues are whatever their letters say: each is documented, and found again, by API and command line', async (t) => {
  const { bed, call, redrive } = await signedIn(t)
  const of = (name: string): string => `of ${name.slice(0, 100)}`
  const names = [
    'a/b',
    '..',
    '.',
    '-',
    '--help',
    ' ',
    'ünï ✉ 😀',
    '%2e%2e',
    '%',
    'a?b#c&d',
    'a\\b',
    "'; id; '",
    'x'.repeat(249),
    'a\u001b[31mb',
  ]
  await bed.captured(...names.slice(0, 4).map((queue) => ({ queue })))
  for (const name of names) {
    const path = name === '.' || name === '..' ? `/queues/-?name=${name}` : `/queues/${encodeURIComponent(name)}`
    const said = await call(path, { document: { owner: of(name) }, by: 'ann' })
    assert.equal(said.status, 200, `${name}: ${JSON.stringify(said.json)}`)
    assert.equal(said.json.name, name)
  }
  for (const name of names) assert.equal(await owner(bed, name), of(name))
  for (const name of ['..', '.', '-', '--help', 'a/b', '%2e%2e', 'a\u001b[31mb']) {
    const shown = await redrive('queue', 'show', '--json', '--', name)
    assert.equal((JSON.parse(shown.out) as Answer).document?.['owner']?.value, of(name), shown.err)
  }
  assert.equal((await call('/queues/%00')).status, 400)
  assert.equal((await call('/queues/%ff')).status, 400)
  assert.equal((await call(`/queues/${'x'.repeat(601)}`)).status, 400)
  const unknown = await call('/queues/nobody%20knows')
  assert.deepEqual([unknown.status, unknown.json.code], [404, 'NOT_FOUND'])
  for (const document of [
    { ownr: 'x' },
    { owner: ' ' },
    { owner: 'a\u0000' },
    { tiers: { boom: {} } },
    { tiers: { timeout: { urgency: 'now' } } },
    { tiers: { timeout: { retention: '3d' } } },
    { runbook: 'x'.repeat(2_001) },
    {},
  ])
    assert.equal((await call('/queues/orders', { document, by: 'ann' })).status, 400, JSON.stringify(document))
})

test('from the command line: said, shown with who says it, refused where the file says it, cleared', async (t) => {
  const { bed, redrive } = await signedIn(t)
  await bed.captured({ tier: 'permanent' }, { tier: 'malformed' })
  const none = await redrive('queue', 'show', 'orders')
  assert.equal(none.code, 0)
  assert.match(none.out, /^owner +–$/m)
  assert.match(
    none.err,
    /^Missing: owner, contact, source, success, failure, runbook, key, tiers\.permanent\.process, /,
  )
  assert.match(none.err, /^Say it: redrive queue document --owner … .* orders$/m)

  const said = await redrive(
    'queue',
    'document',
    'orders',
    '--owner',
    'team-reefer',
    '--failure',
    'no ice\nno orders',
    '--by',
    'ann',
  )
  assert.equal(said.code, 0, said.err)
  assert.match(said.out, /^owner +team-reefer {2}\(ann \(token test-\d+\)\)$/m)
  assert.match(said.out, /^failure +no ice\n {12}no orders$/m)
  await redrive('queue', 'document', 'orders', '--tier', 'permanent', '--urgency', 'page', '--process', 'call the shop')
  const shown = await redrive('queue', 'show', 'orders')
  assert.match(shown.out, /^permanent\t1\tteam-reefer\tpage\t/m)
  assert.match(shown.out, /^permanent +call the shop {2}\(/m)
  assert.match(shown.out, /^letters +2 open$/m)
  assert.match(shown.out, /^uncertain +hold /m)
  assert.match((await redrive('queues')).out, /^orders\t.*\tteam-reefer$/m)

  await byFile(bed, 'queues:\n  orders:\n    owner: team-file\n')
  const refused = await redrive('queue', 'document', 'orders', '--owner', 'other')
  assert.equal(refused.code, 7)
  assert.match(refused.err, /^error: A configuration file says it: owner in \/etc\/redrive\.yaml:3\..*\ntry: /)
  await redrive('queue', 'document', 'orders', '--tier', 'permanent', '--clear', 'process', '--clear', 'urgency')
  assert.match((await redrive('queue', 'show', 'orders')).out, /^permanent\t1\tteam-file\t–\t\/etc\/redrive\.yaml:3$/m)

  for (const wrong of [
    ['--urgency', 'page'],
    ['--tier', 'permanent', '--contact', 'x'],
    ['--clear', 'nonsense'],
    ['--owner', 'x', '--clear', 'owner'],
    ['--tier', 'boom', '--owner', 'x'],
    ['--tier', 'timeout', '--urgency', 'now'],
    [],
  ])
    assert.equal((await redrive('queue', 'document', 'orders', ...wrong)).code, 2, wrong.join(' '))
  assert.equal((await redrive('queue', 'show', 'nobody')).code, 6)
  assert.equal((await redrive('queue', 'show', '')).code, 2)
})

test('from the command line: from when on somebody is told, of the queue and of its tiers', async (t) => {
  const { redrive, call } = await signedIn(t)
  const told = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await redrive('queue', 'document', 'orders', ...args)
    assert.equal(code, 0, err)
    return out
      .split('\n')
      .filter((line) => /^(told of|malformed) {2,}/.test(line))
      .join('\n')
  }
  const byDefault = 'told of     1,000 open; the oldest open for 72 h; 5 % of 20 or more messages die; growth'
  assert.equal(await told('--owner', 'team-reefer'), byDefault)
  assert.equal(
    await told(
      '--alert-open',
      '5000',
      '--alert-age-hours',
      'off',
      '--alert-death-percent',
      '0.5',
      '--alert-silent',
      'ticket',
    ),
    'told of     5,000 open; 0.5 % of 20 or more messages die; growth; silence',
  )
  assert.match(await told('--tier', 'malformed', '--alert-open', '50'), /^malformed {3}50 open$/m)
  assert.equal(
    await told(
      '--clear',
      'alert-open',
      '--clear',
      'alert-age-hours',
      '--clear',
      'alert-death-percent',
      '--clear',
      'alert-silent',
    ),
    `${byDefault}\nmalformed   50 open`,
  )
  assert.equal(
    await told(
      '--alert-open',
      'off',
      '--alert-age-hours',
      'off',
      '--alert-death-percent',
      'off',
      '--alert-growth',
      'off',
      '--tier',
      'malformed',
    ).catch(() => 'refused'),
    'refused',
  )
  for (const wrong of [
    ['--alert-open', '0'],
    ['--alert-open', 'many'],
    ['--alert-death-percent', '101'],
    ['--tier', 'malformed', '--alert-growth', 'off'],
  ])
    assert.equal((await redrive('queue', 'document', 'orders', ...wrong)).code, 2, wrong.join(' '))
  assert.equal(
    (await call('/queues/orders', { document: { tiers: { malformed: { alerts: { ageHours: 1 } } } }, by: 'ann' }))
      .status,
    400,
  )
})

test('nothing that is said of a queue, and no name of one, reaches a terminal as an escape', async (t) => {
  const { bed, redrive } = await signedIn(t)
  const evil = '\u001b]0;owned\u0007 \u202e\u009b31m\r'
  await bed.captured({ queue: `q${evil}`, error: `boom ${evil}` })
  await byApi(
    bed,
    { owner: evil, failure: `x${evil}\ny${evil}`, runbook: evil, 'tiers.transient.process': evil },
    `q${evil}`,
  )
  await byFile(bed, 'queues:\n  orders: { owner: me }\n', `/etc/${evil}.yaml`)
  for (const args of [
    ['queue', 'show', `q${evil}`],
    ['queues'],
    ['doctor'],
    ['queue', 'show', 'orders'],
    ['queue', 'document', 'orders', '--owner', 'x'],
    ['queue', 'show', `none${evil}`],
  ]) {
    const { out, err } = await redrive(...args)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    assert.doesNotMatch(out + err, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/, args.join(' '))
  }
})
