import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Check, Errors } from 'typebox/value'
import { lookOnce } from '../src/alerts/index.ts'
import { defaultRetention } from '../src/config/index.ts'
import { routes } from '../src/http/routes/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { memoryPlace } from '../src/testing/memory-place.ts'
import { type Answer, api } from './api-bed.ts'
import { until } from './office-bed.ts'
import { aged, passed } from './retention-bed.ts'

test('each answer is what its schema in the OpenAPI says', async (t) => {
  const place = memoryPlace()
  const { bed, call } = await api(t, { place })
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
  await ask('GET /causes/:id/common', `${cause}/common?against=healthy`)
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
  const where = ['class=Error', 'header:x']
  const split = { ...ann, reason: 'another one', where, title: 'with x' }
  await ask('POST /causes/:id/split', `${cause}/split`, { ...ann, where, previewOnly: true })
  const part = (await ask('POST /causes/:id/split', `${cause}/split`, { ...split, expect: 1 }))['rule'] as {
    into: string
  }
  await ask('POST /causes/:id/merge', `${cause}/merge`, { ...ann, into: part.into, causes: [], reason: 'no other one' })
  await ask('GET /causes/:id', cause)
  const made = { ...ann, reason: 'known', name: 'of x', where, per: 'header:x', title: '{class} {value}', first: true }
  const { rule } = await ask('POST /rules', '/rules', made)
  const ruleId = (rule as { id: string }).id
  await ask('GET /rules/:id', `/rules/${ruleId}`)
  await ask('GET /rules', '/rules?limit=1')
  await ask('POST /rules/:id/remove', `/rules/${ruleId}/remove`, { ...ann, reason: 'not known' })
  await ask('GET /rules', '/rules?all=true')
  assert.equal((await call('POST', '/api/v1/rules', { body: { ...made, where: ['x'] } })).status, 400)
  assert.equal((await call('POST', '/api/v1/rules', { body: { ...made, reason: undefined } })).status, 400)
  assert.equal((await call('POST', `/api/v1/rules/${ruleId}/remove`, { body: { ...ann, reason: 'x' } })).status, 409)
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
  const old = { selection: { query: 'release:2.0' }, by: 'ann', reason: 'old', planOnly: true }
  const discard = await ask('POST /discards', '/discards', old)
  await ask('GET /discards', '/discards?limit=1')
  await ask('GET /discards/:id', `/discards/${discard['id']}`)
  await ask('POST /discards/:id/run', `/discards/${discard['id']}/run`, { by: 'ann', expect: discard['letters'] })
  await ask('POST /discards/:id/undo', `/discards/${discard['id']}/undo`, { by: 'ann', reason: 'not old' })
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
  await ask('GET /alerts/replay', `/alerts/replay?from=${new Date(Date.now() - 600_000).toISOString()}&rule=storm`)
  await ask('GET /alerts/:id', `/alerts/${alerts[0]?.id}`)
  await ask('POST /alerts/:id/acknowledge', `/alerts/${alerts[0]?.id}/acknowledge`, { ...ann, note: 'on it' })
  const { tests } = await ask('POST /alerts/test', '/alerts/test', { ...ann, notifier: 'team' })
  await ask('GET /alerts/test/:id', `/alerts/test/${(tests as { key: string }[])[0]?.key}`)
  const review = await ask('GET /review', '/review?format=json')
  await bed.store.pool.query(`insert into review (week, made_at, content) values ('2026-W01', now(), $1)`, [review])
  await ask('GET /reviews', '/reviews')
  await ask('PATCH /review-schedule', '/review-schedule', { ...ann, schedule: { notify: ['log'] } })
  await bed.store.pool.query(`update review set sent_at = now()`)
  await ask('GET /review-schedule', '/review-schedule')
  await discardLetters(bed.store, {
    selection: { query: 'release:2.0' },
    by: 'ann',
    reason: 'why',
    nowMs: Date.now(),
  })
  const { rows: done } = await bed.store.pool.query<{ id: string }>(`select id from letter where state = 'discarded'`)
  const ended = done.map(({ id }) => id)
  await aged(bed, ended, 31)
  assert.equal((await passed(bed, { ...defaultRetention, afterwards: 'archive' }, place)).archived, 1)
  const archived = await ask('GET /letters/:id', `/letters/${showLetterId(ended[0] ?? '')}`)
  assert.equal((archived['message'] as { body: { base64: string } }).body.base64, 'AP8=')
  await ask('GET /archives', '/archives')
  const verified = await ask('POST /archives/verify', '/archives/verify', {})
  assert.equal((verified['archives'] as readonly unknown[]).length, 1)
  const restoring = { selection: { query: 'queue:orders' }, by: 'ann', reason: 'asked for', expect: 1 }
  await ask('POST /archives/restore', '/archives/restore', restoring)
  await aged(bed, ended, 31)
  const policy = { queue: 'orders', tier: 'permanent', ...ann, reason: 'not now' }
  await ask('POST /automatic-replays/stop', '/automatic-replays/stop', policy)
  await ask('GET /automatic-replays', '/automatic-replays')
  await ask('POST /automatic-replays/resume', '/automatic-replays/resume', policy)
  await ask('GET /retention', '/retention?days=3')
  const pass = await ask('POST /retention/run', '/retention/run', { by: 'ann', reason: 'now', expect: 1 })
  await until('the pass is done', async () => {
    const { state } = await ask('GET /retention/passes/:id', `/retention/passes/${pass['id']}`)
    return state === 'running' ? undefined : state
  })
  const gone = await call('GET', `/api/v1/letters/${showLetterId(ended[0] ?? '')}`)
  assert.match(gone.json.detail ?? '', /was deleted on .* it was discarded since/)
  const erasure = await ask('POST /erasures', '/erasures', { query: 'release:5.0', by: 'dpo' })
  const erase = { by: 'dpo', reason: 'request 17', expect: erasure['letters'], alsoWords: true }
  await ask('POST /erasures/:id/run', `/erasures/${erasure['id']}/run`, erase)
  await ask('GET /erasures/:id', `/erasures/${erasure['id']}`)
  await ask('GET /erasures', '/erasures?limit=1')
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
