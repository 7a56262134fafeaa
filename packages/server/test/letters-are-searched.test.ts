import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRedriveError } from '@redrive/worker'
import fc from 'fast-check'
import { listCauses } from '../src/causes/index.ts'
import { listLetters } from '../src/letters/index.ts'
import { showCauseId, showLetterId } from '../src/store/ids.ts'
import { termHash } from '../src/store/terms.ts'
import { type OfficeBed, officeBed } from './office-bed.ts'

const found = async (bed: OfficeBed, query: string): Promise<readonly string[]> => {
  const { letters } = await listLetters(bed.store, { query, limit: 200, nowMs: Date.now() })
  const { rows } = await bed.store.pool.query<{ id: string; body: Buffer }>('select id, body from letter_content')
  const bodies = new Map(rows.map(({ id, body }) => [showLetterId(id), body.toString()]))
  return letters.map(({ id }) => bodies.get(id)?.split(' ')[0] ?? '').toSorted()
}

test('every field of the search language selects what it says', async (t) => {
  const bed = await officeBed(t)
  const [a, b, c] = await bed.captured(
    {
      body: 'a order ord-1042 of Müller',
      key: 'cust-991',
      error: 'connect ETIMEDOUT 10.0.0.1',
      errorClass: 'NetError',
      release: '1.0',
      host: 'web-1',
      attempts: 5,
    },
    {
      body: `b order ord-7 ${'x'.repeat(3_000)}`,
      key: 'cust-7',
      error: 'bad total',
      errorClass: 'TypeError',
      tier: 'permanent',
      release: '2.0',
      host: 'web-2',
      attempts: 1,
    },
    {
      body: 'c invoice',
      error: 'bad total',
      errorClass: 'TypeError',
      tier: 'permanent',
      queue: 'invoices',
      consumer: 'billing',
      release: '2.0',
      attempts: 3,
    },
  )
  await bed.store.pool.query(`update letter set state = 'discarded' where id = $1`, [c])
  const { rows } = await bed.store.pool.query<{ id: string; cause_id: string }>('select id, cause_id from letter')
  const causeOf = (id: string | undefined): string => showCauseId(rows.find((row) => row.id === id)?.cause_id ?? '0')
  const wanted: Readonly<Record<string, string>> = {
    '': 'ab',
    'state:any': 'abc',
    'state:discarded': 'c',
    'state:open,discarded': 'abc',
    '-state:open': 'c',
    '-state:any': '',
    'queue:orders': 'ab',
    'queue:invoices state:any': 'c',
    'queue:orders,invoices state:any': 'abc',
    '-queue:orders state:any': 'c',
    'tier:permanent state:any': 'bc',
    'tier:transient,permanent': 'ab',
    '-tier:permanent': 'a',
    'consumer:billing state:any': 'c',
    '-consumer:billing state:any': 'ab',
    [`cause:${causeOf(a)}`]: 'a',
    [`-cause:${causeOf(a)}`]: 'b',
    [`letter:${showLetterId(b ?? '')}`]: 'b',
    [`-letter:${showLetterId(b ?? '')}`]: 'a',
    'error:etimedout': 'a',
    'error:TypeError state:any': 'bc',
    '-error:TypeError state:any': 'a',
    'error:%': '',
    'error:_': '',
    'release:2.0': 'b',
    'release:1.0,2.0': 'ab',
    '-release:2.0': 'a',
    'release:9.9': '',
    'host:web-2': 'b',
    'key:cust-991': 'a',
    'key:cust-991,cust-7': 'ab',
    'key:cust': '',
    '-key:cust-991': 'b',
    'attempts:>=3': 'a',
    'attempts:1': 'b',
    'attempts:<1': '',
    'attempts:>999999999999': '',
    'bytes:>2kb': 'b',
    'bytes:<2kb': 'a',
    'bytes:<999999999999mb': 'ab',
    'age:<1h': 'ab',
    'age:>1h': '',
    'age:<999999999999w': 'ab',
    'ord-1042': 'a',
    'ORD-1042': 'a',
    order: 'ab',
    'order ord-7': 'b',
    'order ord-1042 ord-7': '',
    ord: '',
    Müller: 'a',
    '"ord-1042 of"': 'a',
    '"of ord-1042"': '',
    'cust-991': 'a',
    TypeError: 'b',
    ETIMEDOUT: 'a',
    'TypeError state:any': 'bc',
    'order -tier:permanent': 'a',
    'text:order,invoice': '',
    'queue:orders tier:transient age:<1h ord-1042 release:1.0': 'a',
  }
  for (const [query, expected] of Object.entries(wanted))
    assert.equal((await found(bed, query)).join(''), expected, query)
})

test('a plan takes exactly what the list shows', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(
    { body: 'a order ord-1', key: 'k-1' },
    { body: 'b order ord-2' },
    { body: 'c', error: 'order of things' },
  )
  for (const query of ['order', 'ord-1', '"order of"', 'key:k-1', 'age:<1h', 'tier:transient order']) {
    const { letters } = await listLetters(bed.store, { query, limit: 200, nowMs: Date.now() })
    assert.equal((await bed.plan({ query })).letters, letters.length, query)
    assert.ok(letters.length > 0, query)
  }
})

test('a letter that only shares a hash with a word is neither shown nor replayed', async (t) => {
  const bed = await officeBed(t)
  const [real, colliding] = await bed.captured({ body: 'the needle-77 is here' }, { body: 'only hay' })
  await bed.store.pool.query('update letter_content set terms = terms || $2::int where id = $1', [
    colliding,
    termHash('needle-77'),
  ])
  const { letters } = await listLetters(bed.store, { query: 'needle-77', limit: 10, nowMs: Date.now() })
  assert.deepEqual(
    letters.map(({ id }) => id),
    [showLetterId(real ?? '')],
  )
  assert.equal((await bed.plan({ query: 'needle-77' })).letters, 1)
})

test('pages follow one another without gaps or repetitions while letters arrive', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(
    ...Array.from({ length: 25 }, (_, n) => ({ body: `order ${n}`, error: `kind ${n % 3 === 0 ? 'one' : 'two'}` })),
  )
  for (const query of ['', 'order', 'tier:transient', 'attempts:5']) {
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await listLetters(bed.store, {
        query,
        limit: 4,
        nowMs: Date.now(),
        ...(after === undefined ? {} : { after }),
      })
      seen.push(...page.letters.map(({ id }) => id))
      after = page.next ?? undefined
      if (seen.length === 8) await bed.captured({ body: 'order late' })
    } while (after !== undefined)
    assert.equal(seen.length, new Set(seen).size, query)
    assert.deepEqual(seen, seen.toSorted().toReversed(), query)
    assert.ok(seen.length >= 25, `${query}: ${seen.length}`)
  }
  await assert.rejects(listLetters(bed.store, { query: '', limit: 4, nowMs: 0, after: 'x' }), {
    code: 'REQUEST_INVALID',
  })
})

test('many causes are walked by their queues, with the same answer', async (t) => {
  const bed = await officeBed(t)
  const words = Array.from(
    { length: 250 },
    (_, n) => `${String.fromCharCode(97 + (n % 26))}${String.fromCharCode(97 + Math.floor(n / 26))}zz`,
  )
  await bed.captured(
    ...words.map((word) => ({ body: 'order', errorClass: `Error${word}`, error: `failed for ${word} kind` })),
  )
  const { causes } = await listCauses(bed.store, { limit: 500 })
  assert.ok(causes.length > 200, `${causes.length} causes`)
  assert.equal(
    (await listLetters(bed.store, { query: 'tier:transient', limit: 300, nowMs: Date.now() })).letters.length,
    250,
  )
  assert.equal(
    (await listLetters(bed.store, { query: 'tier:permanent', limit: 300, nowMs: Date.now() })).letters.length,
    0,
  )
})

test('nothing in a query becomes SQL', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({ body: 'a' })
  const attacks = [
    `'; drop table letter; --`,
    `queue:"x' or '1'='1"`,
    `queue:"x\\' or 1=1 --"`,
    `error:"%' or true --"`,
    `key:"') or true --"`,
    `release:"{x,y}"`,
    `release:"x\\",\\"y"`,
    `host:"$1"`,
    `consumer:"\${7*7}"`,
    `"$1 $2 $99 or true"`,
    `tier:transient') or ('1'='1`,
  ]
  for (const attack of attacks) {
    const page = await listLetters(bed.store, { query: attack, limit: 10, nowMs: Date.now() }).catch(
      (error: unknown) => {
        assert.ok(isRedriveError(error, 'QUERY_INVALID'), `${attack}: ${String(error)}`)
        return { letters: [] }
      },
    )
    assert.equal(page.letters.length, 0, attack)
  }
  assert.deepEqual(await bed.states(), { open: 1 })
})

test('any query at all is answered or refused as a query', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({ body: 'a' })
  const piece = fc.oneof(
    fc.constantFrom(
      'queue:',
      'error:',
      'key:',
      'release:',
      'host:',
      'consumer:',
      'text:',
      'age:<',
      'attempts:>',
      'bytes:=',
      'tier:permanent',
      'state:any',
      '-',
      '"',
      ',',
      ' ',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.nat().map(String),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      try {
        await listLetters(bed.store, { query: pieces.join(''), limit: 5, nowMs: Date.now() })
      } catch (error) {
        assert.ok(isRedriveError(error, 'QUERY_INVALID'), `${JSON.stringify(pieces.join(''))}: ${String(error)}`)
      }
    }),
    { numRuns: 300 },
  )
})
