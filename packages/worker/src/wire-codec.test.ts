import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { tiers } from './failure.ts'
import type { Header } from './message.ts'
import { freshWire, type Wire } from './wire.ts'
import { budgetFor, decodeWire, defaultWireBudget, encodeWire, stripWire } from './wire-codec.ts'

const full: Wire = {
  id: '0198c1de-7b3a-7c00-8000-5a1f3c9d0e11',
  origin: {
    system: 'kafka',
    place: 'orders',
    consumer: 'reefer',
    partition: '3',
    position: '1042',
    nativeId: 'orders/3/1042',
    timestampMs: 1_764_036_000_000,
  },
  attempts: 5,
  maxAttempts: 5,
  firstFailedAtMs: 1_764_036_001_000,
  lastFailedAtMs: 1_764_036_601_000,
  failure: { errorClass: 'OrderError', rootClass: 'InventoryUnavailable', message: 'connect ECONNREFUSED 10.0.0.7:80' },
  tier: 'transient',
  reason: 'attempts',
  worker: { service: 'reefer-allocation', release: '1.4.2', host: 'reefer-7f9c' },
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  hops: 2,
  crashes: 1,
  replayId: '0198c1de-7b3a-7c00-8000-000000000001',
  dueAtMs: 1_764_036_700_000,
  history: [{ errorClass: 'TimeoutError', message: 'took longer than 5 s', count: 3 }],
  line: { key: 'JQHl9xYk3uZ0w1v7b-_Q2A', at: 1_764_036_601_000, behind: 'an-older-letter' },
  notice: null,
}

test('the header is compact JSON with short keys, nulls left out', () => {
  const [header] = encodeWire(full, null, defaultWireBudget)
  assert.equal(header?.name, 'redrive')
  assert.deepEqual(JSON.parse(textOf(header)), {
    v: 1,
    id: full.id,
    sys: 'kafka',
    dst: 'orders',
    grp: 'reefer',
    att: 5,
    part: '3',
    off: '1042',
    nid: 'orders/3/1042',
    ts: 1_764_036_000_000,
    max: 5,
    first: 1_764_036_001_000,
    last: 1_764_036_601_000,
    cls: 'OrderError',
    root: 'InventoryUnavailable',
    msg: 'connect ECONNREFUSED 10.0.0.7:80',
    tier: 'transient',
    rsn: 'attempts',
    svc: 'reefer-allocation',
    rel: '1.4.2',
    host: 'reefer-7f9c',
    tp: full.traceparent,
    hops: 2,
    cr: 1,
    rp: full.replayId,
    due: 1_764_036_700_000,
    his: [['TimeoutError', 'took longer than 5 s', 3]],
    line: ['JQHl9xYk3uZ0w1v7b-_Q2A', 1_764_036_601_000],
    bhd: 'an-older-letter',
  })
  assert.ok((header?.value?.byteLength ?? 9999) < 1024)
  const bare = encodeWire(minimalWire('x'), null, defaultWireBudget)
  assert.equal(textOf(bare[0]), '{"v":1,"id":"x","sys":"","dst":"","grp":"","att":0}')
})

test('every valid wire comes back as it was written', () => {
  fc.assert(
    fc.property(wires(40), fc.option(cleanText(200), { nil: null }), (wire, stack) => {
      const headers = encodeWire(wire, stack, { headerBytes: 60_000, stackBytes: 60_000 })
      assert.deepEqual(decodeWire([{ name: 'other', value: null }, ...headers]), {
        wire: structuredClone(wire),
        stack: stack === '' ? null : stack,
      })
    }),
    { numRuns: 2000 },
  )
})

test('a redirect is said by one key, and by nothing else', () => {
  const [header] = encodeWire({ ...full, redirected: true }, null, { headerBytes: 0, stackBytes: 0 })
  assert.ok((header?.value?.byteLength ?? Number.NaN) <= 300)
  assert.equal(decodeWire([header as Header])?.wire.redirected, true)
  for (const rd of ['1', 'true', '"1"', '0', 'null', '{}']) {
    const said = decodeWire([
      { name: 'redrive', value: Buffer.from(`{"v":1,"id":"x","dst":"a","grp":"","att":0,"rd":${rd}}`) },
    ])
    assert.equal(said?.wire.redirected, rd === '1' ? true : undefined, rd)
  }
})

test('any wire is written within any budget, and what makes it stop retrying survives', () => {
  fc.assert(
    fc.property(wires(5000), anyText(40_000), fc.nat(5000), fc.nat(40_000), (wire, stack, headerBytes, stackBytes) => {
      const headers = encodeWire(wire, stack, { headerBytes, stackBytes })
      const [header, stackOf] = headers
      assert.ok((header?.value?.byteLength ?? Number.NaN) <= Math.max(300, headerBytes))
      assert.ok((stackOf?.value?.byteLength ?? 0) <= stackBytes)
      const read = decodeWire(headers)?.wire
      assert.ok(read !== undefined)
      const kept = ['tier', 'reason', 'attempts', 'hops', 'crashes', 'dueAtMs'] as const
      for (const key of kept) assert.equal(read[key], wire[key])
      assert.deepEqual([read.line?.key, read.line?.at], [wire.line?.key, wire.line?.at])
      assert.equal(read.id, wire.id)
      assert.equal(read.replayId, wire.replayId)
      for (const text of [textOf(header), textOf(stackOf)]) assertWritable(text)
    }),
    { numRuns: 2000 },
  )
})

test('when there is too little room, history goes first, then the message is cut, then details go', () => {
  const long: Wire = {
    ...full,
    failure: { ...(full.failure as NonNullable<Wire['failure']>), message: 'é"'.repeat(1000) },
  }
  const at = (headerBytes: number): Wire =>
    decodeWire(encodeWire(long, null, { headerBytes, stackBytes: 0 }))?.wire ?? full
  assert.deepEqual(at(6000), long)
  assert.equal(at(1024).history.length, 0)
  assert.match(at(1024).failure?.message ?? '', /^(é"){50,}é?…$/)
  assert.equal(at(1024).traceparent, full.traceparent)
  assert.equal(at(700).failure?.errorClass, 'OrderError')
  assert.equal(at(400).traceparent, null)
  const least = at(0)
  assert.deepEqual(
    [least.id, least.origin.place, least.origin.consumer, least.tier],
    [full.id, 'orders', 'reefer', 'transient'],
  )
  assert.equal(least.worker, null)
  assert.deepEqual(least, at(300))
})

test('a stack keeps its head and its tail around a visible mark, cut between characters', () => {
  const stack = `HEAD ${'€'.repeat(5000)} TAIL`
  const [, header] = encodeWire(full, stack, { headerBytes: 4096, stackBytes: 1000 })
  const text = textOf(header)
  assert.match(text, /^HEAD €+\n… \d+ bytes cut …\n€+ TAIL$/)
  const [head = '', mark = '', tail = ''] = text.split('\n')
  const cut = Number(mark.replace(/\D/g, ''))
  assert.equal(cut + Buffer.byteLength(head) + Buffer.byteLength(tail), Buffer.byteLength(stack))
  const share = Buffer.byteLength(head) / (Buffer.byteLength(head) + Buffer.byteLength(tail))
  assert.ok(share > 0.68 && share < 0.72, `head has ${share}`)
})

test('reading trusts nothing', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), hostileJson), (value) => {
      const read = decodeWire([
        { name: 'redrive', value },
        { name: 'redrive-stack', value },
      ])
      if (read === null) return
      const { wire } = read
      assert.ok(wire.id.length > 0 && wire.id.length <= 128)
      const counts = [
        wire.attempts,
        wire.hops,
        wire.crashes,
        wire.maxAttempts ?? 0,
        wire.dueAtMs ?? 0,
        wire.firstFailedAtMs ?? 0,
      ]
      for (const count of counts) assert.ok(Number.isSafeInteger(count) && count >= 0)
      assert.ok(wire.tier === null || tiers.includes(wire.tier))
      assert.ok(wire.history.length <= 5)
      assert.ok((wire.failure?.message.length ?? 0) <= 4000)
      assertWritable(JSON.stringify(wire))
      assert.deepEqual(decodeWire(encodeWire(wire, null, { headerBytes: 500_000, stackBytes: 0 }))?.wire, wire)
    }),
    { numRuns: 5000 },
  )
})

test('hostile headers: too large, deep, wrong types, prototype keys, later versions, duplicates', () => {
  const read = (text: string): Wire | null => decodeWire([header(text)])?.wire ?? null
  assert.equal(read(`{"id":"x","pad":"${'y'.repeat(65_536)}"}`), null)
  assert.equal(read('['.repeat(65_000)), null)
  assert.equal(read(`{"id":"x","his":${'['.repeat(30_000)}${']'.repeat(30_000)}}`)?.id, 'x')
  for (const text of ['', 'null', '7', '"id"', '[]', '{}', '{"id":7}', '{"id":""}', `{"id":"${'i'.repeat(129)}"}`])
    assert.equal(read(text), null)
  assert.equal(decodeWire([{ name: 'redrive', value: null }]), null)
  assert.equal(decodeWire([]), null)
  assert.equal(decodeWire([{ name: 'redrive-stack', value: new Uint8Array([65]) }]), null)
  const wrong = read(
    '{"v":99,"id":"x","att":-1,"max":1.5,"first":1e99,"last":"7","tier":"__proto__","rsn":{},"hops":1e10,"due":null,"cls":[],"new":1}',
  )
  assert.deepEqual(wrong, minimalWire('x'))
  assert.deepEqual(
    read('{"id":"x","__proto__":{"att":7,"tier":"permanent"},"constructor":{"prototype":{"polluted":1}}}'),
    minimalWire('x'),
  )
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  assert.equal(read('{"id":"x\\u0000"}'), null)
  Object.defineProperty(Object.prototype, 'tier', { value: 'permanent', configurable: true })
  try {
    assert.equal(read('{"id":"x"}')?.tier, null, 'polluted by somebody else')
  } finally {
    Reflect.deleteProperty(Object.prototype, 'tier')
  }
  assert.equal(read('{"id":"x","msg":"a\\u0000b\\ud800c"}')?.failure?.message, 'abc')
  assert.equal(decodeWire([header('{"id":"forged"}'), header('{"id":"ours"}')])?.wire.id, 'ours')
})

test('writing again replaces: headers do not grow over 50 deaths', () => {
  const foreign = [header('a', 'x-tenant'), header('b', 'x-tenant'), { name: 'n', value: null }]
  let headers: Header[] = [...foreign]
  const sizes = new Set<number>()
  for (let death = 0; death < 50; death += 1) {
    headers = [...stripWire(headers), ...encodeWire({ ...full, hops: 10 }, 'at f\n'.repeat(20_000), defaultWireBudget)]
    sizes.add(headers.reduce((sum, { value }) => sum + (value?.byteLength ?? 0), 0))
  }
  assert.equal(sizes.size, 1)
  assert.deepEqual(stripWire(headers), foreign)
})

test('the budget is what limits and message leave, and never below the minimal wire', () => {
  const message = (body: number, headerBytes = 0, own: Header[] = []) => ({
    key: null,
    body: new Uint8Array(body),
    headers: [{ name: '', value: new Uint8Array(headerBytes) }, ...own],
  })
  const limits = { maxBytes: 1_048_576, maxHeaderBytes: 131_072 }
  assert.deepEqual(budgetFor(limits, message(2400)), defaultWireBudget)
  const own = encodeWire(full, 'x'.repeat(30_000), defaultWireBudget)
  assert.deepEqual(
    budgetFor(limits, message(1_040_000, 0, own)),
    budgetFor(limits, message(1_040_000)),
    'old wire is replaced',
  )
  assert.deepEqual(budgetFor(limits, message(1_048_576)), { headerBytes: 300, stackBytes: 0 })
  assert.deepEqual(budgetFor({ maxBytes: Number.POSITIVE_INFINITY, maxHeaderBytes: 1024 }, message(9)), {
    headerBytes: 896,
    stackBytes: 0,
  })
  for (let body = limits.maxBytes - 40_000; body < limits.maxBytes - 428; body += 97) {
    const headers = encodeWire(full, 'x'.repeat(40_000), budgetFor(limits, message(body)))
    const bytes = headers.reduce((sum, { name, value }) => sum + name.length + (value?.byteLength ?? 0), 0)
    assert.ok(body + bytes <= limits.maxBytes, `${body} + ${bytes}`)
  }
})

function header(text: string, name = 'redrive'): Header {
  return { name, value: new TextEncoder().encode(text) }
}

function textOf(of: Header | undefined): string {
  return Buffer.from(of?.value ?? []).toString()
}

function assertWritable(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
  assert.ok(text.isWellFormed() && !/[\u0000-\u0008\u000b-\u001f]/.test(text))
}

function minimalWire(id: string): Wire {
  return freshWire({
    id,
    origin: { system: '', place: '', consumer: '', partition: null, position: null, nativeId: null, timestampMs: null },
  })
}

function cleanText(maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: 'grapheme', maxLength }).map((text) => text.slice(0, maxLength).toWellFormed())
}

function anyText(maxLength: number): fc.Arbitrary<string> {
  return fc
    .tuple(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(1000))
    .map(([unit, count]) => unit.repeat(count).slice(0, maxLength))
}

/** Valid wires; from 100 on with texts that are longer than their caps and hold what carriers refuse. */
function wires(maxLength: number): fc.Arbitrary<Wire> {
  const text = maxLength < 100 ? cleanText(maxLength) : anyText(maxLength)
  const orNull = <Value>(of: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> => fc.option(of, { nil: null })
  const time = fc.integer({ min: 0, max: 9_999_999_999_999 })
  const count = fc.nat(99_999)
  const id = fc.stringMatching(/^[0-9a-zA-Z/_-]{1,64}$/)
  return fc.record({
    id:
      maxLength < 100
        ? fc.oneof(
            id,
            cleanText(128).filter((value) => value !== ''),
          )
        : id,
    origin: fc.record({
      system: text,
      place: text,
      consumer: text,
      partition: orNull(text),
      position: orNull(text),
      nativeId: orNull(text),
      timestampMs: orNull(time),
    }),
    attempts: count,
    maxAttempts: orNull(count),
    firstFailedAtMs: orNull(time),
    lastFailedAtMs: orNull(time),
    failure: orNull(fc.record({ errorClass: text, rootClass: text, message: text })),
    tier: orNull(fc.constantFrom(...tiers)),
    reason: orNull(fc.constantFrom('rejected', 'attempts', 'budget', 'crashed', 'held')),
    worker: orNull(fc.record({ service: text, release: orNull(text), host: orNull(text) })),
    traceparent: orNull(text),
    hops: count,
    crashes: count,
    replayId: orNull(fc.uuid()),
    dueAtMs: orNull(time),
    history: fc.array(fc.record({ errorClass: text, message: text, count }), { maxLength: 5 }),
    line: orNull(
      fc.record({
        key: fc.stringMatching(/^[0-9a-zA-Z_-]{22}$/),
        at: fc.integer({ min: 0, max: 8_000_000_000_000_000 }),
        behind: orNull(id),
      }),
    ),
    notice: fc.constant(null),
  })
}

const keys = [
  'v',
  'id',
  'sys',
  'dst',
  'part',
  'att',
  'max',
  'first',
  'cls',
  'root',
  'msg',
  'tier',
  'rsn',
  'svc',
  'hops',
  'cr',
  'rp',
  'due',
  'his',
  'line',
  'bhd',
  'ntc',
  '__proto__',
]
const hostileJson = fc
  .tuple(
    fc.string({ minLength: 1, maxLength: 130 }),
    fc.array(fc.tuple(fc.constantFrom(...keys), fc.oneof(fc.jsonValue(), fc.double(), anyText(5000))), {
      maxLength: 12,
    }),
  )
  .map(([id, entries]) => {
    const pairs = [['id', id], ...entries].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
    return new TextEncoder().encode(`{${pairs.join(',')}}`)
  })
