import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { type TestContext, test } from 'node:test'
import { Check, Errors } from 'typebox/value'
import { lookOnce } from '../src/alerts/index.ts'
import { routes } from '../src/http/routes/index.ts'
import { problemSchema } from '../src/http/schemas.ts'
import { showLetterId } from '../src/store/ids.ts'
import { type OfficeBed, officeBed } from './office-bed.ts'

interface Answer {
  readonly status: number
  readonly type: string
  readonly json: Record<string, unknown> & { readonly code?: string; readonly detail?: string }
  readonly headers: Headers
}

type Call = (
  method: string,
  path: string,
  options?: { body?: unknown; raw?: string; token?: string | null },
) => Promise<Answer>

async function api(t: TestContext): Promise<{ bed: OfficeBed; call: Call; url: string; token: string }> {
  const bed = await officeBed(t)
  const { server, token } = await bed.http()
  const call: Call = async (method, path, options = {}) => {
    const given = options.token === undefined ? token : options.token
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
    const response = await fetch(server.url + path, {
      method,
      headers: {
        ...(given === null ? {} : { authorization: `Bearer ${given}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    })
    const type = response.headers.get('content-type') ?? ''
    const bytes = await response.text()
    return {
      status: response.status,
      type,
      json: type.includes('json') ? JSON.parse(bytes) : {},
      headers: response.headers,
    }
  }
  return { bed, call, url: server.url, token }
}

function assertProblem(answer: Answer, status: number, code: string, what: string): void {
  assert.equal(answer.status, status, `${what}: ${JSON.stringify(answer.json)}`)
  assert.match(answer.type, /^application\/problem\+json/, what)
  assert.equal(answer.json.code, code, what)
  assert.ok(Check(problemSchema, answer.json), what)
}

const inventory = (): readonly string[] =>
  [
    ...routes.map(({ method, path }) => `${method} /api/v1${path}`),
    'GET /livez',
    'GET /metrics',
    'GET /api/v1/openapi.json',
  ].toSorted()

test('the inventory of routes is the agreed one', () => {
  const golden = readFileSync(new URL('http-routes.golden.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n')
  assert.deepEqual(inventory(), golden)
})

test('nothing but liveness is answered without a good token', async (t) => {
  const { bed, call } = await api(t)
  await bed.captured({})
  await call('POST', '/api/v1/tokens', { body: { name: 'gone' } })
  const revoked = (await call('POST', '/api/v1/tokens', { body: { name: 'short-lived' } })).json['token'] as string
  await call('DELETE', '/api/v1/tokens/short-lived')
  const addresses = [
    ...inventory().map((line) => line.split(' ') as [string, string]),
    ['GET', '/'],
    ['GET', '/api/v1/nothing'],
    ['PUT', '/api/v1/plans'],
  ] as const
  for (const [method, pattern] of addresses) {
    const path = pattern.replaceAll(/:[a-z]+/g, 'x')
    if (path === '/livez') {
      assert.equal((await call(method, path, { token: null })).status, 200)
      continue
    }
    for (const token of [null, '', 'wrong', 'rd_' + 'A'.repeat(43), revoked, 'a b', 'x'.repeat(300)]) {
      assertProblem(await call(method, path, { token }), 401, 'UNAUTHENTICATED', `${method} ${path} with ${token}`)
    }
  }
  assertProblem(
    await call('GET', '/livez/../api/v1/status', { token: null }),
    401,
    'UNAUTHENTICATED',
    'a path around it',
  )
  assertProblem(await call('GET', '//livez', { token: null }), 401, 'UNAUTHENTICATED', 'another form of it')
})

test('only loopback names are answered, whatever a name resolves to', async (t) => {
  const { url, token } = await api(t)
  const statusFor = (host: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const headers = { host, authorization: `Bearer ${token}` }
      http
        .get(`${url}/api/v1/status`, { headers }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
    })
  for (const host of ['localhost:7070', '127.0.0.1', '[::1]:1', 'LOCALHOST'])
    assert.equal(await statusFor(host), 200, host)
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io', 'evil.example:7070'])
    assert.equal(await statusFor(host), 400, host)
})

test('bodies that are too large, no JSON, of another type, ambiguous or with unknown fields are refused', async (t) => {
  const { bed, call, url, token } = await api(t)
  await bed.captured({})
  const refused = (raw: string): Promise<Answer> => call('POST', '/api/v1/plans', { raw })
  assertProblem(await refused(`{"by":"${'x'.repeat(9 * 1024 * 1024)}"}`), 413, 'REQUEST_INVALID', 'too large')
  const bodies: Readonly<Record<string, string>> = {
    'no JSON': '{"by":',
    empty: '',
    'a key twice': '{"selection":{"query":"queue:a"},"by":"a","by":"b"}',
    'a key twice inside, escaped': '{"selection":{"query":"queue:a","qu\\u0065ry":"queue:b"},"by":"a"}',
    'an unknown field': '{"selection":{"query":"queue:a"},"by":"a","evil":1}',
    'an unknown field inside': '{"selection":{"query":"queue:a","x":1},"by":"a"}',
    'a prototype': '{"__proto__":{"isAdmin":true},"selection":{"query":"queue:a"},"by":"a"}',
    'a number as text': '{"selection":{"query":"queue:a"},"by":"a","pace":"5"}',
    'null for a number': '{"selection":{"query":"queue:a"},"by":"a","pace":null}',
    'an array for an object': '{"selection":[],"by":"a"}',
    'no name': '{"selection":{"query":"queue:a"},"by":"  "}',
    'NUL in a name': '{"selection":{"query":"queue:a"},"by":"a\\u0000b"}',
    'NUL in a reason': '{"selection":{"query":"queue:a"},"by":"a","reason":"x\\u0000"}',
    'a huge pace': '{"selection":{"query":"queue:a"},"by":"a","pace":1e400}',
    deep: `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
  }
  for (const [what, raw] of Object.entries(bodies)) assertProblem(await refused(raw), 400, 'REQUEST_INVALID', what)
  assertProblem(
    await refused('{"selection":{"query":"queue:\\u0000"},"by":"a"}'),
    400,
    'QUERY_INVALID',
    'NUL in a query',
  )
  assertProblem(await refused('{"selection":{"cause":"c_\\u0000"},"by":"a"}'), 404, 'NOT_FOUND', 'NUL in an id')
  const form = await fetch(`${url}/api/v1/plans`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'by=a',
  })
  assert.equal(form.status, 415)
  assert.equal(({} as { isAdmin?: unknown }).isAdmin, undefined)
  assert.equal((await bed.store.pool.query('select from plan')).rowCount, 0)
  for (const query of [
    'limit=0',
    'limit=201',
    'limit=x',
    'limit=1&limit=2',
    'nothing=1',
    'a[__proto__][b]=1',
    'after=l_nothing',
    'limit=1e1000',
  ])
    assertProblem(await call('GET', `/api/v1/letters?${query}`), 400, 'REQUEST_INVALID', query)
  assertProblem(await call('GET', '/api/v1/causes?after=%00'), 400, 'REQUEST_INVALID', 'a cursor of causes')
  assertProblem(await call('GET', '/api/v1/causes?queue=%00'), 400, 'REQUEST_INVALID', 'NUL in a queue')
  assertProblem(await call('GET', '/api/v1/letters?q=%00'), 400, 'QUERY_INVALID', 'NUL in a search')
  assertProblem(await call('GET', '/api/v1/letters?q=nofield%3Ax'), 400, 'QUERY_INVALID', 'an unknown field')
})

test('what is said about a cause is refused where it cannot be kept, and is as it was said where it can', async (t) => {
  const { bed, call } = await api(t)
  await bed.captured({})
  const { causes } = (await call('GET', '/api/v1/causes')).json as unknown as { causes: { id: string }[] }
  const post = (action: string, raw: string): Promise<Answer> =>
    call('POST', `/api/v1/causes/${causes[0]?.id}/${action}`, { raw })
  const refused: readonly (readonly [string, string])[] = [
    ['comments', '{"by":"ann","text":"a\\u0000b"}'],
    ['comments', '{"by":"ann","text":"  "}'],
    ['comments', `{"by":"ann","text":"${'x'.repeat(10_001)}"}`],
    ['comments', '{"text":"anonymous"}'],
    ['links', '{"by":"ann","kind":"tracker","url":"javascript:alert(1)"}'],
    ['links', '{"by":"ann","kind":"chat","url":"https://a.example"}'],
    ['own', '{"by":"ann","to":"\\u0000"}'],
    ['own', '{"by":"ann"}'],
    ['assign', '{"by":"ann","to":5}'],
    ['snooze', '{"by":"ann","reason":"x"}'],
    ['snooze', '{"by":"ann","reason":"x","letters":0}'],
    ['snooze', '{"by":"ann","reason":"x","until":"2030-01-01"}'],
    ['fix', '{"by":"ann","release":"\\u0000"}'],
    ['fix', '{"by":"ann","evil":1}'],
    ['acknowledge', '{"by":"ann","revision":0}'],
  ]
  for (const [action, raw] of refused) assertProblem(await post(action, raw), 400, 'REQUEST_INVALID', raw)
  assertProblem(await post('acknowledge', '{"by":"ann","revision":9}'), 409, 'STATE_CONFLICT', 'another revision')
  const hostile = '\u001b[2J\u202e<script>\u200b\ud800\r\n'
  const kept = hostile.toWellFormed()
  assert.equal((await post('comments', JSON.stringify({ by: hostile, text: hostile }))).status, 201)
  const link = { by: 'ann', kind: 'other', url: 'https://a.example/\u001ba', title: hostile }
  assert.equal((await post('links', JSON.stringify(link))).status, 201)
  const owned = await post('own', JSON.stringify({ by: 'ann', to: hostile }))
  assert.deepEqual([owned.status, owned.json['owner']], [200, kept])
  const { comments, links } = owned.json as unknown as {
    comments: { last: { said: string }[] }
    links: { title: string; url: string }[]
  }
  assert.deepEqual([comments.last[0]?.said, links[0]?.title, links[0]?.url], [kept, kept, 'https://a.example/%1Ba'])
  const listed = await call('GET', `/api/v1/causes?owner=${encodeURIComponent(kept)}&state=open`)
  assert.equal((listed.json['causes'] as unknown[]).length, 1)
})

test('hostile ids find nothing and are not repeated as they are', async (t) => {
  const { call } = await api(t)
  const ids = [
    '%22%3E%3Csvg%20onload=alert(1)%3E',
    '%00',
    "l_'%20or%201=1",
    '..%2f..%2fetc%2fpasswd',
    'l_zzzzzzzzzzzzzzzzzzzzzzzzzz',
    'x'.repeat(64),
    '%F0%9F%92%A9',
  ]
  for (const id of ids) {
    for (const path of [`/letters/${id}`, `/letters/${id}/body`, `/causes/${id}`, `/plans/${id}`, `/runs/${id}`]) {
      const answer = await call('GET', `/api/v1${path}`)
      assertProblem(answer, 404, 'NOT_FOUND', path)
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    }
  }
  assert.ok([400, 404, 414].includes((await call('GET', `/api/v1/letters/${'x'.repeat(5_000)}`)).status))
  const badUrl = await call('GET', '/api/v1/letters/%ZZ')
  assert.equal(badUrl.status, 400)
})

test('each answer is what its schema in the OpenAPI says', async (t) => {
  const { bed, call } = await api(t)
  const [first] = await bed.captured(
    {
      body: '{"a":1}',
      key: 'k',
      headers: [{ name: 'x', value: null }],
      stack: 'Error: a\n    at place (/srv/orders.js:1:2)',
      tier: 'permanent',
    },
    { body: Buffer.from([0, 255]), release: '2.0' },
  )
  const letter = showLetterId(first ?? '')
  bed.replayer()
  const answers = new Map<string, Answer>()
  const ask = async (route: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const [method = ''] = route.split(' ')
    const answer = await call(method, `/api/v1${path}`, body === undefined ? {} : { body })
    assert.ok(answer.status < 300, `${route}: ${JSON.stringify(answer.json)}`)
    answers.set(route, answer)
    return answer.json
  }
  const causes = (await ask('GET /causes', '/causes?limit=1&open=true&tier=permanent'))['causes'] as { id: string }[]
  const cause = `/causes/${causes[0]?.id}`
  await ask('GET /causes/:id', cause)
  await ask('GET /causes/:id/common', `${cause}/common`)
  const ann = { by: 'ann' }
  await ask('POST /causes/:id/look', `${cause}/look`, ann)
  await ask('POST /causes/:id/acknowledge', `${cause}/acknowledge`, { ...ann, note: 'mine', revision: 2 })
  await ask('POST /causes/:id/assign', `${cause}/assign`, { ...ann, to: 'bob' })
  await ask('POST /causes/:id/own', `${cause}/own`, { ...ann, to: null })
  await ask('POST /causes/:id/comments', `${cause}/comments`, { ...ann, text: 'seen before' })
  const link = { ...ann, kind: 'tracker', url: 'https://tracker.example/OPS-17' }
  const linked = await ask('POST /causes/:id/links', `${cause}/links`, { ...link, title: 'OPS-17' })
  await ask('POST /causes/:id/snooze', `${cause}/snooze`, { ...ann, reason: 'known', letters: 5, forSeconds: 60 })
  await ask('GET /causes/:id', cause)
  const [{ id: linkId } = { id: 0 }] = linked['links'] as readonly { id: number }[]
  await ask('POST /causes/:id/unlink', `${cause}/unlink`, { ...ann, link: linkId })
  await ask('POST /causes/:id/fix', `${cause}/fix`, { ...ann, release: '1.4.1' })
  await ask('POST /causes/:id/reopen', `${cause}/reopen`, ann)
  await ask('GET /causes/:id/history', `${cause}/history?limit=3`)
  await ask('PATCH /queues/:name', '/queues/orders', {
    document: { owner: 'team', contact: null, tiers: { permanent: { urgency: 'page', owner: null } } },
    by: 'ann',
    reason: 'new',
  })
  await ask('GET /queues/:name', '/queues/-?name=orders')
  await ask('GET /doctor', '/doctor?olderThanDays=3')
  const plan = await ask('POST /plans', '/plans', { selection: { cause: causes[0]?.id }, by: 'ann', reason: 'fixed' })
  await ask('GET /plans/:id', `/plans/${plan['id']}`)
  const elsewhere = {
    selection: { cause: causes[0]?.id },
    by: 'ann',
    destination: { broker: 'memory', place: 'orders' },
  }
  await ask('POST /plans', '/plans', elsewhere)
  for (const destination of [
    'moon',
    { broker: 'memory' },
    { broker: 'memory', place: 'a\0b' },
    { broker: 'memory', place: '' },
  ])
    assert.equal((await call('POST', '/api/v1/plans', { body: { ...elsewhere, destination } })).status, 400)
  const run = await ask('POST /plans/:id/run', `/plans/${plan['id']}/run`, { by: 'ann', expect: 1 })
  await ask('GET /runs/:id', `/runs/${run['id']}`)
  await ask('GET /runs', '/runs')
  const slow = { canary: 0, rampSeconds: 0, pace: 1, halt: { returnedPercent: null, newCause: false } }
  await bed.captured({ release: '3.0' }, { release: '3.0' }, { release: '3.0' })
  const long = await call('POST', '/api/v1/plans', {
    body: { selection: { query: 'release:3.0' }, by: 'ann', ...slow },
  })
  const going = await call('POST', `/api/v1/plans/${long.json['id']}/run`, { body: { by: 'ann', expect: 3 } })
  await ask('POST /runs/:id/pause', `/runs/${going.json['id']}/pause`, { by: 'ann', reason: 'lunch' })
  const paused = (await ask('GET /runs', '/runs?state=paused'))['runs'] as { id: string }[]
  assert.deepEqual(
    paused.map(({ id }) => id),
    [going.json['id']],
  )
  await ask('POST /runs/:id/resume', `/runs/${going.json['id']}/resume`, { by: 'ann' })
  await ask('POST /runs/:id/cancel', `/runs/${going.json['id']}/cancel`, { by: 'ann' })
  await ask('GET /runs/:id/letters', `/runs/${going.json['id']}/letters?limit=2`)
  await ask('GET /runs/:id/report', `/runs/${going.json['id']}/report`)
  await ask('GET /runs/:id/compare/:other', `/runs/${run['id']}/compare/${going.json['id']}`)
  const edited = `/letters/${showLetterId((await bed.captured({ body: '{"n":1e400}', release: '4.0' }))[0] ?? '')}`
  const patch = '[{"op":"add","path":"/id","value":9007199254740993}]'
  const said = { by: 'ann', reason: 'fixed' }
  const headers = [
    { op: 'add', name: 'a', value: null },
    { op: 'set', name: 'b', value: { base64: 'AA==' } },
  ]
  await ask('POST /letters/:id/versions', `${edited}/versions`, { patch, headers, expectVersion: 0, ...said })
  await ask('GET /letters/:id/versions', `${edited}/versions`)
  await ask('GET /letters/:id/diff', `${edited}/diff?from=0&to=1`)
  await ask('POST /letters/:id/revert', `${edited}/revert`, { to: 0, ...said })
  const transform = await ask('POST /transforms', '/transforms', {
    selection: { query: 'release:4.0' },
    patch,
    sample: 1,
    ...said,
  })
  const at = `/transforms/${transform['id']}`
  await ask('POST /transforms/:id/preview', `${at}/preview`, {})
  await ask('GET /transforms/:id/letters', `${at}/letters?part=applicable&limit=1`)
  await ask('POST /transforms/:id/apply', `${at}/apply`, { by: 'ann', expect: 1 })
  await ask('GET /transforms/:id', `${at}?sample=1`)
  await ask('GET /transforms', '/transforms')
  await ask('POST /transforms/:id/revert', `${at}/revert`, said)
  await ask('POST /discards', '/discards', { selection: { query: 'release:2.0' }, by: 'ann', reason: 'old' })
  // As after a restore: nobody knows of its send.
  await bed.store.pool.query(`update letter set state = 'uncertain' where id = $1`, [
    (await bed.captured({ release: '5.0' }))[0],
  ])
  await ask('GET /uncertain', '/uncertain?queue=orders&limit=1')
  await ask('POST /uncertain/decisions', '/uncertain/decisions', {
    selection: { query: 'release:5.0' },
    decision: 'resend',
    expect: 1,
    ...said,
  })
  await lookOnce(bed.store, { config: { limits: [], routes: [{ notify: ['team'] }] }, officeUrl: null })
  const alerts = (await ask('GET /alerts', '/alerts?state=all&rule=first-failure&queue=orders&limit=1'))['alerts'] as {
    id: string
  }[]
  await ask('GET /alerts/:id', `/alerts/${alerts[0]?.id}`)
  await ask('POST /alerts/:id/acknowledge', `/alerts/${alerts[0]?.id}/acknowledge`, { ...ann, note: 'on it' })
  const { tests } = await ask('POST /alerts/test', '/alerts/test', { ...ann, notifier: 'team' })
  await ask('GET /alerts/test/:id', `/alerts/test/${(tests as { key: string }[])[0]?.key}`)
  const review = await ask('GET /review', '/review?format=json')
  await bed.store.pool.query(`insert into review (week, made_at, content) values ('2026-W01', now(), $1)`, [review])
  await ask('GET /reviews', '/reviews')
  await ask('GET /letters', '/letters?q=state:any&limit=1')
  await ask('GET /letters/common', '/letters/common?q=tier:permanent')
  await ask('GET /letters/:id', `/letters/${letter}`)
  await ask('GET /letters/:id/body', `/letters/${letter}/body`)
  await ask('GET /audit', '/audit?limit=2')
  await ask('GET /queues', '/queues')
  await ask('GET /ledger', '/ledger')
  await ask('GET /status', '/status')
  await ask('POST /tokens', '/tokens', { name: 'other' })
  await ask('GET /tokens', '/tokens')
  await ask('DELETE /tokens/:name', '/tokens/other')
  for (const { method, path, schemas, status } of routes) {
    const answer = answers.get(`${method} ${path}`)
    assert.ok(answer, `${method} ${path} was asked`)
    assert.equal(answer.status, status, path)
    if (schemas.answer === undefined) assert.equal(answer.type, 'application/octet-stream')
    else
      assert.ok(
        Check(schemas.answer, answer.json),
        `${method} ${path}: ${JSON.stringify(Errors(schemas.answer, answer.json))}`,
      )
  }
  const body = answers.get('GET /letters/:id/body')
  assert.match(body?.headers.get('content-disposition') ?? '', /^attachment/)
  const openapi = (await call('GET', '/api/v1/openapi.json')).json as { paths: Record<string, Record<string, unknown>> }
  const described = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  assert.deepEqual(
    described.toSorted(),
    routes.map(({ method, path }) => `${method} /api/v1${path.replaceAll(/:([a-z]+)/g, '{$1}')}`).toSorted(),
  )
})

test('what conflicts says so with its code; who asked is in the audit trail with the token', async (t) => {
  const { bed, call } = await api(t)
  await bed.captured({})
  const plan = (await call('POST', '/api/v1/plans', { body: { selection: { query: 'queue:orders' }, by: 'ann' } })).json
  assertProblem(
    await call('POST', `/api/v1/plans/${plan['id']}/run`, { body: { by: 'ann', expect: 2 } }),
    409,
    'PLAN_STALE',
    'another number',
  )
  assert.equal((await call('POST', `/api/v1/plans/${plan['id']}/run`, { body: { by: 'ann' } })).status, 201)
  assertProblem(
    await call('POST', `/api/v1/plans/${plan['id']}/run`, { body: { by: 'ann' } }),
    409,
    'STATE_CONFLICT',
    'twice',
  )
  assertProblem(
    await call('POST', '/api/v1/plans', { body: { selection: {}, by: 'ann' } }),
    400,
    'REQUEST_INVALID',
    'nothing',
  )
  await call('POST', '/api/v1/tokens', { body: { name: 'same' } })
  assertProblem(await call('POST', '/api/v1/tokens', { body: { name: 'same' } }), 409, 'STATE_CONFLICT', 'a name twice')
  const { entries } = (await call('GET', '/api/v1/audit')).json as unknown as {
    entries: { action: string; actor: string }[]
  }
  assert.deepEqual(
    entries.map(({ action }) => action),
    ['token.create', 'run.start', 'plan.create', 'token.create'],
  )
  for (const { actor } of entries) assert.match(actor, /\(token test-\d+\)$|^token test-\d+$|^test$/)
})

test('numbers of an edit arrive as they are written, and of two that edit at once one is told', async (t) => {
  const { bed, call, url, token } = await api(t)
  const letter = showLetterId((await bed.captured({ body: '{"total" : 1e400, "zero":-0}' }))[0] ?? '')
  const edit = {
    patch: '[{"op":"add","path":"/id","value":9007199254740993}]',
    by: 'ann',
    reason: 'fixed',
    expectVersion: 0,
  }
  assert.equal((await call('POST', `/api/v1/letters/${letter}/versions`, { body: edit })).status, 201)
  const body = async (query: string): Promise<string> =>
    (
      await fetch(`${url}/api/v1/letters/${letter}/body${query}`, { headers: { authorization: `Bearer ${token}` } })
    ).text()
  assert.equal(await body(''), '{"total" : 1e400, "zero":-0, "id":9007199254740993}')
  assert.equal(await body('?version=0'), '{"total" : 1e400, "zero":-0}')
  const shown = (await call('GET', `/api/v1/letters/${letter}`)).json['message'] as {
    version: number
    body: { text: string }
  }
  assert.deepEqual([shown.version, shown.body.text], [1, await body('')])
  const second = await call('POST', `/api/v1/letters/${letter}/versions`, { body: edit })
  assertProblem(second, 409, 'STATE_CONFLICT', 'another version')
  assert.deepEqual(second.json['data'], { version: 1 })
  const bad: readonly (readonly [object, number, string])[] = [
    [{ ...edit, patch: '[{"op":"remove","path":"/x"}]', expectVersion: 1 }, 422, 'EDIT_REFUSED'],
    [{ ...edit, patch: '[{"op":"remove"' }, 400, 'REQUEST_INVALID'],
    [{ ...edit, patch: undefined }, 400, 'REQUEST_INVALID'],
    [
      { ...edit, patch: undefined, headers: [{ op: 'remove', name: 'Redrive' }], expectVersion: 1 },
      422,
      'EDIT_REFUSED',
    ],
    [
      { ...edit, patch: undefined, headers: [{ op: 'set', name: 'a', value: { text: 'x', base64: '' } }] },
      400,
      'REQUEST_INVALID',
    ],
    [{ ...edit, reason: ' ' }, 400, 'REQUEST_INVALID'],
    [{ ...edit, patch: '[{"op":"add","path":"/\ud800","value":1}]' }, 400, 'REQUEST_INVALID'],
  ]
  for (const [body_, status, code] of bad)
    assertProblem(
      await call('POST', `/api/v1/letters/${letter}/versions`, { body: body_ }),
      status,
      code,
      JSON.stringify(body_),
    )
  const both = { plan: 'p_1', selection: { query: 'queue:orders' }, patch: edit.patch, by: 'ann', reason: 'x' }
  assertProblem(await call('POST', '/api/v1/transforms', { body: both }), 400, 'REQUEST_INVALID', 'both')
  assertProblem(await call('GET', '/api/v1/transforms/t_nothing'), 404, 'NOT_FOUND', 'no transform')
  assertProblem(await call('GET', `/api/v1/letters/${letter}/body?version=7`), 404, 'NOT_FOUND', 'no version')
})

test('an unexpected failure tells its id, never what a letter or the database said', async (t) => {
  const { bed, call } = await api(t)
  await bed.captured({ body: 'SECRET-MARKER' })
  await bed.store.pool.query('alter table letter rename column cause_id to renamed')
  const answer = await call('GET', '/api/v1/letters')
  assertProblem(answer, 500, 'INTERNAL', 'a broken table')
  assert.ok(!JSON.stringify(answer.json).includes('cause_id'))
  assert.ok(answer.json['requestId'])
})
