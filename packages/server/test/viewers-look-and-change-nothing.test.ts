import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createToken, listTokens, tokenHolder } from '../src/access/index.ts'
import { maskingOff } from '../src/masking/index.ts'
import { api } from './api-bed.ts'

const agreed = readFileSync(new URL('http-routes.golden.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(' ') as [string, string])

test('a viewer is refused by every route that changes something, and by no other', async (t) => {
  const { bed, call } = await api(t)
  const viewer = await createToken(bed.store, 'looks', { by: 'test', role: 'viewer' })
  assert.ok(agreed.length > 70)
  for (const [method, pattern] of agreed) {
    const path = pattern.replaceAll(/:[a-z]+/g, 'x')
    const body = method === 'GET' ? {} : { raw: '{}' }
    const [seen, done] = [await call(method, path, { token: viewer, ...body }), await call(method, path, body)]
    assert.equal(seen.json.code === 'FORBIDDEN', method !== 'GET', `${method} ${path}: ${JSON.stringify(seen.json)}`)
    assert.equal(seen.status === 403, method !== 'GET', path)
    assert.notEqual(done.status, 403, `an operator at ${method} ${path}`)
  }
  const [refused] = [await call('POST', '/api/v1/tokens', { token: viewer, body: { name: 'mine', role: 'operator' } })]
  assert.match(refused.json.detail ?? '', /looks is a viewer's/)
  assert.match(String(refused.json['hint']), /operator/)
  const unknown = await call('GET', '/api/v1/status', { token: 'wrong' })
  assert.match(String(unknown.json['hint']), /Authorization: Bearer …/, 'what it says to everybody is not masked')
  assert.deepEqual(
    (await listTokens(bed.store)).map(({ role }) => role),
    ['operator', 'viewer'],
  )
})

test('a role is given when a token is made, is shown, and is in the audit trail', async (t) => {
  const { bed, call } = await api(t)
  const made = await call('POST', '/api/v1/tokens', { body: { name: 'dashboard', role: 'viewer' } })
  assert.equal(made.json['role'], 'viewer')
  assert.deepEqual(await tokenHolder(bed.store, String(made.json['token'])), { name: 'dashboard', role: 'viewer' })
  const plain = await call('POST', '/api/v1/tokens', { body: { name: 'ann' } })
  assert.equal(plain.json['role'], 'operator')
  assert.match(String(plain.json['token']), /^rd_[\w-]{43}$/, 'it is not masked for whom it is made')
  assert.equal((await call('POST', '/api/v1/tokens', { body: { name: 'x', role: 'admin' } })).status, 400)
  const { tokens } = (await call('GET', '/api/v1/tokens')).json as { tokens: { name: string; role: string }[] }
  assert.deepEqual(
    tokens.slice(-2).map(({ name, role }) => `${name} ${role}`),
    ['dashboard viewer', 'ann operator'],
  )
  const { entries } = (await call('GET', '/api/v1/audit?limit=2')).json as { entries: { details: object }[] }
  assert.deepEqual(entries[1]?.details, { role: 'viewer' })
})

test('viewers do not search by what they are not shown', async (t) => {
  for (const isOff of [false, true]) {
    const { bed, call } = await api(t, isOff ? { masking: maskingOff } : {})
    await bed.captured({ body: '{"password":"hunter2"}', key: 'k-1', error: 'no answer for hunter2' })
    const token = await createToken(bed.store, 'looks', { by: 'test', role: 'viewer' })
    const ask = (route: string, q: string) => call('GET', `/api/v1${route}?q=${encodeURIComponent(q)}`, { token })
    for (const query of [
      'hunter2',
      'key:k-1',
      'error:hunter2',
      '-key:k-1',
      'queue:orders "hunter"',
      '-error:x',
      'release:eyJhbGciOiJIUzI1NiJ9.x',
    ])
      for (const route of ['/letters', '/letters/common']) {
        const { json, status } = await ask(route, query)
        assert.equal(status, isOff ? 200 : 403, `${route} ${query}`)
        if (!isOff) assert.match(json.detail ?? '', /viewer cannot search by/)
      }
    for (const query of ['queue:orders', 'tier:transient age:<2h', 'release:1.0.0', 'state:any', ''])
      assert.equal((await ask('/letters', query)).status, 200, query)
  }
})

test('no rule of causes writes values of a masked header into titles', async (t) => {
  const { bed, call } = await api(t)
  await bed.captured({ headers: [{ name: 'x-token', value: Buffer.from('abc') }] })
  const rule = { name: 'a', where: ['class=Error'], by: 'ann', reason: 'why' }
  for (const more of [
    { per: 'header:x-token' },
    { title: '{class} {header:X-Token}' },
    { per: 'header:x-token', previewOnly: true },
  ]) {
    const { json, status } = await call('POST', '/api/v1/rules', { body: { ...rule, ...more } })
    assert.equal(status, 400)
    assert.match(json.detail ?? '', /header [Xx]-[Tt]oken are masked/)
  }
  assert.equal((await call('POST', '/api/v1/rules', { body: { ...rule, per: 'header:tenant' } })).status, 200)
})
