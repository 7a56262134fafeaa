import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createToken } from '../src/access/index.ts'
import { lookOnce, type Notice, type Notifier, startDelivery } from '../src/alerts/index.ts'
import { defaultRetention, type MaskingConfig } from '../src/config/index.ts'
import { routes } from '../src/http/routes/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { maskedNotifiers, maskerOf, maskingOff } from '../src/masking/index.ts'
import { openNotifiers } from '../src/notifiers/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { memoryPlace } from '../src/testing/memory-place.ts'
import { api } from './api-bed.ts'
import { until } from './office-bed.ts'
import { cores, headerEdits, hitsIn, patch, planted, reason, rules, transform, upload } from './planted-secrets.ts'
import { aged, passed } from './retention-bed.ts'

interface Seen {
  /** By route, and by whoever looked. */
  readonly answers: ReadonlyMap<string, string>
  readonly asked: ReadonlySet<string>
  readonly notices: string
  readonly log: string
}

/** Does everything that an office does with letters full of secrets, and keeps all that it gives out. */
async function everythingSeen(t: TestContext, masking: MaskingConfig): Promise<Seen> {
  const place = memoryPlace()
  const { bed, url, token } = await api(t, { place, masking })
  const viewer = await createToken(bed.store, 'looks', { by: 'test', role: 'viewer' })
  const ids = await bed.captured(...planted)
  const letters = ids.map(showLetterId)
  const answers = new Map<string, string>()
  const asked = new Set<string>()
  /** Asked by an operator, and, where nothing is changed, by a viewer. */
  const ask = async (route: string, path: string, body?: unknown): Promise<Record<string, never>> => {
    const [method = ''] = route.split(' ')
    let first: Record<string, never> = {}
    for (const [who, bearer] of [['operator', token], ...(method === 'GET' ? [['viewer', viewer]] : [])] as const) {
      const response = await fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${bearer}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = Buffer.from(await response.arrayBuffer()).toString('latin1')
      const utf8 = Buffer.from(text, 'latin1').toString('utf8')
      answers.set(`${route} ${path} as ${who}, ${response.status}`, utf8)
      if (response.ok) asked.add(`${route} as ${who}`)
      if (who === 'operator') first = utf8.startsWith('{') ? (JSON.parse(utf8) as Record<string, never>) : {}
    }
    return first
  }
  const v1 = (route: string, path: string, body?: unknown) => ask(route, `/api/v1${path}`, body)
  const ann = { by: 'ann', reason }
  const [mine, jsonKey, bytes, plain, same] = [letters[0], letters[1], letters[2], letters[3], letters[4]]

  for (const letter of [mine, jsonKey, bytes, plain, same]) {
    await v1('GET /letters/:id', `/letters/${letter}`)
    await v1('GET /letters/:id/body', `/letters/${letter}/body`)
  }
  await v1('GET /letters/:id/body', `/letters/${letters.at(-1)}/body`)
  await v1('GET /letters', '/letters?q=state:any&limit=200')
  await v1('GET /letters', '/letters?q=erika5')
  await v1('GET /letters/common', '/letters/common?q=release:9.0')
  const { causes } = await v1('GET /causes', '/causes?limit=200')
  for (const { id } of causes as unknown as { id: string }[]) {
    await v1('GET /causes/:id', `/causes/${id}`)
    await v1('GET /causes/:id/common', `/causes/${id}/common`)
  }
  const cause = `/causes/${(causes as unknown as { id: string }[])[0]?.id}`
  await v1('POST /causes/:id/look', `${cause}/look`, { by: 'ann' })
  await v1('POST /causes/:id/comments', `${cause}/comments`, { by: 'ann', text: reason })
  await v1('POST /causes/:id/acknowledge', `${cause}/acknowledge`, { by: 'ann', note: reason })
  await v1('POST /causes/:id/assign', `${cause}/assign`, { by: 'ann', to: 'bob' })
  await v1('POST /causes/:id/own', `${cause}/own`, { by: 'ann', to: 'team' })
  const linked = await v1('POST /causes/:id/links', `${cause}/links`, {
    by: 'ann',
    kind: 'tracker',
    url: 'https://tracker.example/?token=planted-url',
    title: reason,
  })
  const [link] = linked['links'] as unknown as { id: number }[]
  await v1('GET /causes/:id', cause)
  await v1('POST /causes/:id/unlink', `${cause}/unlink`, { by: 'ann', link: link?.id })
  await v1('POST /causes/:id/snooze', `${cause}/snooze`, { ...ann, letters: 5, forSeconds: 60 })
  await v1('POST /causes/:id/fix', `${cause}/fix`, { by: 'ann', release: '99.0' })
  await v1('POST /causes/:id/reopen', `${cause}/reopen`, { by: 'ann' })
  await v1('GET /causes/:id/history', `${cause}/history`)
  const where = ['class=Same']
  const sameCause = (causes as unknown as { id: string; errorClass: string }[]).find(
    ({ errorClass }) => errorClass === 'Same',
  )?.id
  const split = { ...ann, where: ['header:set-cookie'], title: 'apart' }
  await v1('POST /causes/:id/split', `/causes/${sameCause}/split`, { ...split, previewOnly: true })
  const { rule: part } = await v1('POST /causes/:id/split', `/causes/${sameCause}/split`, { ...split, expect: 24 })
  const { into } = part as unknown as { into: string }
  await v1('POST /causes/:id/merge', `/causes/${sameCause}/merge`, { ...ann, into, causes: [] })
  await v1('POST /rules', '/rules', {
    ...ann,
    name: 'no',
    where,
    title: '{class} {header:set-cookie}',
    previewOnly: true,
  })
  const { rule } = await v1('POST /rules', '/rules', {
    ...ann,
    name: 'same',
    where,
    per: 'header:trace',
    title: '{class} {value} {message}',
  })
  await v1('GET /rules', '/rules?all=true')
  await v1('GET /rules/:id', `/rules/${(rule as unknown as { id: string }).id}`)
  await v1('GET /causes', '/causes?limit=200&emptied=true')
  await v1('POST /rules/:id/remove', `/rules/${(rule as unknown as { id: string }).id}/remove`, ann)
  await v1('PATCH /queues/:name', '/queues/orders', { document: { contact: reason, owner: 'team' }, ...ann })
  await v1('GET /queues', '/queues')
  await v1('GET /queues/:name', '/queues/-?name=orders')

  const versions = `/letters/${mine}/versions`
  await v1('POST /letters/:id/versions', versions, { patch, headers: headerEdits, ...ann })
  await v1('POST /letters/:id/versions', versions, { body: upload, key: { text: 'erika43@planted.example' }, ...ann })
  await v1('GET /letters/:id/versions', versions)
  for (const between of ['', '?from=0&to=1', '?from=1&to=2'])
    await v1('GET /letters/:id/diff', `/letters/${mine}/diff${between}`)
  await v1('POST /letters/:id/versions', `/letters/${bytes}/versions`, { body: { text: 'planted-upload' }, ...ann })
  await v1('GET /letters/:id/diff', `/letters/${bytes}/diff`)
  await v1('POST /letters/:id/revert', `/letters/${bytes}/revert`, { to: 0, ...ann })
  const made = await v1('POST /transforms', '/transforms', {
    selection: { query: 'release:9.0' },
    patch: transform,
    headers: headerEdits,
    sample: 3,
    ...ann,
  })
  const at = `/transforms/${made['id']}`
  await v1('POST /transforms/:id/preview', `${at}/preview`, { sample: 3 })
  await v1('GET /transforms/:id', `${at}?sample=3`)
  await v1('POST /transforms/:id/apply', `${at}/apply`, { by: 'ann', expect: 24 })
  await v1('GET /transforms/:id', `${at}?sample=3`)
  await v1('GET /transforms/:id/letters', `${at}/letters`)
  await v1('GET /transforms', '/transforms')
  await v1('POST /transforms/:id/revert', `${at}/revert`, ann)

  bed.replayer()
  const control = { canary: 0, rampSeconds: 0 }
  const runs: string[] = []
  for (const query of [`letter:${mine}`, `key:erika0@planted.example release:1.0.0`]) {
    const plan = await v1('POST /plans', '/plans', { selection: { query }, ...control, ...ann })
    await v1('GET /plans/:id', `/plans/${plan['id']}`)
    const run = await v1('POST /plans/:id/run', `/plans/${plan['id']}/run`, { by: 'ann' })
    if (run['id'] !== undefined) runs.push(run['id'])
  }
  const slow = await v1('POST /plans', '/plans', { selection: { query: 'release:9.0' }, ...control, pace: 1, ...ann })
  const going = await v1('POST /plans/:id/run', `/plans/${slow['id']}/run`, { by: 'ann' })
  for (const verb of ['pause', 'resume', 'cancel'])
    await v1(`POST /runs/:id/${verb}`, `/runs/${going['id']}/${verb}`, ann)
  await v1('GET /runs', '/runs')
  for (const run of [...runs, going['id']]) {
    await v1('GET /runs/:id', `/runs/${run}`)
    await v1('GET /runs/:id/letters', `/runs/${run}/letters`)
    await v1('GET /runs/:id/report', `/runs/${run}/report`)
    await v1('GET /runs/:id/compare/:other', `/runs/${run}/compare/${going['id']}`)
  }
  await v1('GET /letters/:id', `/letters/${mine}`)
  await bed.store.pool.query(`update letter set state = 'uncertain' where id = $1`, [ids[3]])
  const policy = { queue: 'orders', tier: 'permanent', ...ann }
  await v1('POST /automatic-replays/stop', '/automatic-replays/stop', policy)
  await v1('GET /automatic-replays', '/automatic-replays')
  await v1('POST /automatic-replays/resume', '/automatic-replays/resume', policy)
  await v1('GET /uncertain', '/uncertain')
  await v1('POST /uncertain/decisions', '/uncertain/decisions', {
    selection: { letters: [plain] },
    decision: 'not-sent',
    expect: 1,
    ...ann,
  })

  const alerts = { limits: [], routes: [{ notify: ['team', 'log'] }] }
  await lookOnce(bed.store, { config: alerts, officeUrl: 'https://office.example' })
  const raised = (await v1('GET /alerts', '/alerts?state=all&limit=200'))['alerts'] as unknown as { id: string }[]
  for (const { id } of raised) await v1('GET /alerts/:id', `/alerts/${id}`)
  await v1('GET /alerts/replay', `/alerts/replay?from=${new Date(Date.now() - 600_000).toISOString()}`)
  await v1('POST /alerts/:id/acknowledge', `/alerts/${raised[0]?.id}/acknowledge`, { by: 'ann', note: reason })
  const { tests } = await v1('POST /alerts/test', '/alerts/test', { by: 'ann', notifier: 'team' })
  await v1('GET /alerts/test/:id', `/alerts/test/${(tests as unknown as { key: string }[])[0]?.key}`)
  const { rows: written } = await bed.store.pool.query<{ notice: Notice }>(
    'select notice from notification order by id',
  )
  for (const { notice } of written) {
    const path = URL.parse(notice.links.acknowledge ?? '')?.pathname
    if (path !== undefined) await ask('GET /acknowledge', path)
  }
  const log: string[] = []
  const told: Notice[] = []
  const masker = maskerOf(masking, 'nobody')
  const team: Notifier = {
    name: 'team',
    perMinute: 10_000,
    async deliver({ notice }) {
      told.push(notice)
      return { kind: 'delivered' }
    },
  }
  const logged = openNotifiers({}, { tell: (line) => log.push(line) })
  const delivery = startDelivery(bed.store, {
    notifiers: maskedNotifiers(new Map([['team', team], ...logged]), masker),
    tell: (line) => log.push(line),
  })
  await until('all is told', async () => {
    const { rowCount } = await bed.store.pool.query(`select from notification where state = 'waiting'`)
    return rowCount === 0 ? true : undefined
  })
  await delivery.stop()

  for (const format of ['json', 'text', 'markdown', 'html']) await v1('GET /review', `/review?format=${format}`)
  await v1('GET /reviews', '/reviews')
  await v1('PATCH /review-schedule', '/review-schedule', { schedule: { notify: ['log'] }, ...ann })
  await v1('GET /review-schedule', '/review-schedule')
  await v1('GET /doctor', '/doctor?olderThanDays=1')
  for (const name of ['status', 'ledger', 'audit?limit=200', 'tokens', 'openapi.json'])
    await v1(`GET /${name.split('?')[0]}`, `/${name}`)
  await ask('GET /metrics', '/metrics')
  await ask('GET /livez', '/livez')

  const discard = { selection: { query: 'release:1.0.0 state:open error:Harmless' }, planOnly: true, ...ann }
  const planned = await v1('POST /discards', '/discards', discard)
  await v1('GET /discards', '/discards')
  await v1('GET /discards/:id', `/discards/${planned['id']}`)
  await v1('POST /discards/:id/run', `/discards/${planned['id']}/run`, { by: 'ann' })
  await v1('POST /discards/:id/undo', `/discards/${planned['id']}/undo`, ann)
  await discardLetters(bed.store, { selection: { letters: [jsonKey ?? '', plain ?? ''] }, ...ann, nowMs: Date.now() })
  const ended = [ids[1] ?? '', ids[3] ?? '']
  await aged(bed, ended, 31)
  await passed(bed, { ...defaultRetention, afterwards: 'archive' }, place)
  await v1('GET /letters/:id', `/letters/${jsonKey}`)
  await v1('GET /letters/:id/body', `/letters/${jsonKey}/body`)
  await v1('GET /letters', '/letters?q=state:archived')
  await v1('GET /archives', '/archives')
  await v1('POST /archives/verify', '/archives/verify', {})
  await v1('POST /archives/restore', '/archives/restore', { selection: { query: 'queue:orders' }, ...ann })
  await aged(bed, ended, 31)
  await v1('GET /retention', '/retention?days=3')
  const pass = await v1('POST /retention/run', '/retention/run', { ...ann, expect: 2 })
  await until('the pass is done', async () => {
    const { state } = await v1('GET /retention/passes/:id', `/retention/passes/${pass['id']}`)
    return state === 'running' ? undefined : true
  })
  await v1('GET /letters/:id', `/letters/${jsonKey}`)
  const erasure = await v1('POST /erasures', '/erasures', { key: 'erika0@planted.example', by: 'ann' })
  await v1('GET /erasures', '/erasures')
  await v1('GET /erasures/:id', `/erasures/${erasure['id']}`)
  await v1('POST /erasures/:id/run', `/erasures/${erasure['id']}/run`, { ...ann, expect: erasure['letters'] })
  await v1('POST /tokens', '/tokens', { name: 'other' })
  await v1('DELETE /tokens/:name', '/tokens/other')
  await v1('GET /letters', '/letters?q=%22token%3Dplanted-url')
  await v1('POST /letters/:id/versions', versions, {
    patch: '[{"op":"test","path":"/customer/name","value":"x"}]',
    ...ann,
  })
  return { answers, asked, notices: JSON.stringify(told), log: log.join('\n') }
}

test('planted secrets are seen by no viewer, by no operator who did not ask, and in no notice or line of the log', async (t) => {
  const { answers, asked, notices, log } = await everythingSeen(t, { rules, defaults: true })
  for (const [what, given] of answers) assert.deepEqual(hitsIn(given), [], `${what}: ${given.slice(0, 300)}`)
  assert.deepEqual(hitsIn(notices), [])
  assert.deepEqual(hitsIn(log), [])
  assert.ok(notices.includes('[masked: ') && log.includes('[masked: '), `${notices}\n${log}`)
  const wanted = routes.flatMap(({ method, path }) => [
    `${method} ${path} as operator`,
    ...(method === 'GET' ? [`${method} ${path} as viewer`] : []),
  ])
  assert.deepEqual(
    wanted.filter((each) => !asked.has(each)),
    [],
    'all were answered',
  )
})

test('without masking all of them are seen, so looking for them can fail', async (t) => {
  const { answers, notices, log } = await everythingSeen(t, maskingOff)
  const all = [...answers.values(), notices, log].join('\n')
  const hits = new Set(hitsIn(all))
  const used = cores.filter((core) => !/^erika\d+@$/.test(core))
  assert.deepEqual(
    used.filter((core) => !hits.has(core)),
    [],
  )
  assert.ok(hits.size >= 45, String(hits.size))
  for (const route of [
    'GET /letters ',
    'GET /letters/:id ',
    'GET /letters/:id/diff',
    'GET /letters/:id/versions',
    'GET /letters/:id/body',
    'GET /causes ',
    'GET /causes/:id ',
    'GET /causes/:id/common',
    'GET /letters/common',
    'GET /transforms/:id ',
    'GET /alerts ',
    'GET /audit',
    'GET /review',
    'GET /acknowledge',
  ])
    for (const who of route.includes('acknowledge') ? ['viewer'] : ['viewer', 'operator'])
      assert.ok(
        [...answers].some(
          ([what, given]) => what.startsWith(route) && what.includes(`as ${who}`) && hitsIn(given).length > 0,
        ),
        `${route} as ${who}`,
      )
  assert.ok(hitsIn(notices).length > 0)
  assert.ok(hitsIn(log).length > 0)
})
