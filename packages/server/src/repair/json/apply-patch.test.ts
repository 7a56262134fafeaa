import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { applyPatch, type Patched } from './apply-patch.ts'
import { maxJsonDepth } from './limits.ts'
import { parsePatch } from './patch.ts'

function patch(document: string, ...operations: readonly (object | string)[]): Patched {
  const text = `[${operations.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join(',')}]`
  return applyPatch(Buffer.from(document), parsePatch(text))
}

function patched(document: string, ...operations: readonly (object | string)[]): string {
  const result = patch(document, ...operations)
  assert.equal(result.kind, 'patched', JSON.stringify(result))
  return result.kind === 'patched' ? result.bytes.toString() : ''
}

function refused(document: string, ...operations: readonly (object | string)[]): string {
  const result = patch(document, ...operations)
  assert.equal(result.kind, 'refused', JSON.stringify(result))
  return result.kind === 'refused' ? result.reason : ''
}

const odd = '{ "id":9007199254740993 ,"big": 1e400,"zero":-0,\t"one":1.0,"e":1E+2,"dup":1,"dup":2,"sp":"\\u0041\\/" }\n'

test('an edit changes the bytes it names and no others', () => {
  assert.equal(patched(odd, { op: 'replace', path: '/one', value: 2 }), odd.replace('1.0', '2'))
  assert.equal(patched(odd, { op: 'set', path: '/id', value: 'x' }), odd.replace('9007199254740993', '"x"'))
  assert.equal(patched(odd, { op: 'remove', path: '/zero' }), odd.replace('"zero":-0,\t', ''))
  assert.equal(patched(odd, { op: 'remove', path: '/sp' }), odd.replace(',"sp":"\\u0041\\/"', ''))
  assert.equal(patched(odd, { op: 'add', path: '/new', value: [1] }), odd.replace('\\/" }', '\\/","new":[1] }'))
  assert.equal(patched(odd, { op: 'copy', from: '/big', path: '/one' }), odd.replace('1.0', '1e400'))
  assert.equal(
    patched(odd, { op: 'move', from: '/id', path: '/e' }),
    odd.replace('"id":9007199254740993 ,', '').replace('1E+2', '9007199254740993'),
  )
})

test('numbers of the patch go in as they are written', () => {
  const value = '{"op":"add","path":"/a","value":[9007199254740993,1e400,-0,1.0,1E-7]}'
  assert.equal(patched('{}', value), '{"a":[9007199254740993,1e400,-0,1.0,1E-7]}')
})

test('what is added is written as what stands before it', () => {
  const pretty = '{\n  "a": 1,\n  "list": [\n    1,\n    2\n  ]\n}\n'
  assert.equal(
    patched(
      pretty,
      { op: 'add', path: '/b', value: true },
      { op: 'add', path: '/list/0', value: 0 },
      { op: 'add', path: '/list/-', value: 3 },
    ),
    '{\n  "a": 1,\n  "list": [\n    0,\n    1,\n    2,\n    3\n  ],\n  "b": true\n}\n',
  )
  assert.equal(patched('{ }', { op: 'add', path: '/a~1b~0', value: null }), '{"a/b~":null }')
  assert.equal(patched('[ ]', { op: 'add', path: '/0', value: '' }), '["" ]')
  assert.equal(patched(' 1 ', { op: 'replace', path: '', value: {} }), ' {} ')
  assert.equal(patched('[1]', { op: 'remove', path: '/0' }), '[]')
})

test('a test compares values exactly, however they are written', () => {
  const same: readonly (readonly [string, string])[] = [
    ['1.0', '1'],
    ['-0', '0'],
    ['1e400', '10.00e399'],
    ['9007199254740993', '9007199254740993.0'],
    ['"\\u0041"', '"A"'],
    ['{"a":1,"b":[2, 3]}', '{ "b":[2,3],"a":1.0}'],
  ]
  const different: readonly (readonly [string, string])[] = [
    ['9007199254740993', '9007199254740992'],
    ['1e400', '1e401'],
    ['1', '-1'],
    ['[1,2]', '[2,1]'],
    ['null', 'false'],
    ['1', '"1"'],
    ['0.1', '1'],
  ]
  const op = (value: string): string => `{"op":"test","path":"","value":${value}}`
  for (const [a, b] of same) assert.equal(patched(a, op(b)), a)
  for (const [a, b] of different) assert.match(refused(a, op(b)), /another value/, `${a} ${b}`)
})

test('what cannot be done is refused as a whole, with the operation and why', () => {
  const cases: readonly (readonly [string, object, RegExp])[] = [
    ['{}', { op: 'replace', path: '/a', value: 1 }, /nothing at "\/a"/],
    ['{}', { op: 'remove', path: '/a' }, /nothing/],
    ['{"a":1}', { op: 'add', path: '/a/b', value: 1 }, /nothing at "\/a\/b"/],
    ['[1]', { op: 'add', path: '/2', value: 1 }, /nothing at "\/2"/],
    ['[1]', { op: 'remove', path: '/-' }, /nothing/],
    ['[1]', { op: 'remove', path: '/01' }, /no element/],
    ['[1]', { op: 'replace', path: '/x', value: 1 }, /no element/],
    ['{"a":1,"\\u0061":2}', { op: 'replace', path: '/a', value: 1 }, /twice/],
    ['{"a":{}}', { op: 'move', from: '/a', path: '/a/b' }, /into itself/],
    ['1', { op: 'remove', path: '' }, /whole document/],
    ['{"a":1}', { op: 'transform', path: '/a', function: 'trim' }, /text was expected, it is a number/],
    ['{"a":"x1"}', { op: 'transform', path: '/a', function: 'string-to-number' }, /no number/],
  ]
  for (const [document, operation, reason] of cases) {
    const result = patch(document, { op: 'test', path: '', value: JSON.parse(document) as unknown }, operation)
    if (!reason.test('twice')) assert.equal(result.kind === 'refused' ? result.operation : null, 1, document)
    assert.match(refused(document, operation), reason, document)
  }
  const broken = patch('{"a":}', { op: 'remove', path: '/a' })
  assert.deepEqual({ ...broken, reason: '' }, { kind: 'refused', reason: '', position: 5, operation: null })
})

test('functions of text', () => {
  const run = (value: string, rest: object): string =>
    patched(`[${value}]`, { op: 'transform', path: '/0', ...rest }).slice(1, -1)
  assert.equal(run('" a\\t"', { function: 'trim' }), '"a"')
  assert.equal(run('"eur"', { function: 'upper' }), '"EUR"')
  assert.equal(run('"EUR"', { function: 'lower' }), '"eur"')
  assert.equal(run('"\\u0045UR"', { function: 'upper' }), '"\\u0045UR"', 'what says the same stays as it is')
  assert.equal(run('9007199254740993', { function: 'number-to-string' }), '"9007199254740993"')
  assert.equal(run('" 1e400 "', { function: 'string-to-number' }), '1e400')
  assert.equal(run('"1.0"', { function: 'string-to-number' }), '1.0')
  assert.equal(run('"a.*b.*"', { function: 'replace-text', find: '.*', with: '$&' }), '"a$&b$&"')
  assert.match(
    refused(JSON.stringify(['a'.repeat(100_000)]), {
      op: 'transform',
      path: '/0',
      function: 'replace-text',
      find: 'a',
      with: 'b'.repeat(100_000),
    }),
    /MiB/,
  )
})

test('hostile patches end soon: doubling, depth, much work', () => {
  const double = { op: 'copy', from: '', path: '/-' }
  assert.match(refused(`["${'0'.repeat(1_000)}"]`, ...Array.from({ length: 100 }, () => double)), /MiB|nested/)
  const nest = { op: 'add', path: '/0', value: JSON.parse('['.repeat(300) + ']'.repeat(300)) as unknown }
  assert.match(
    refused(
      '['.repeat(maxJsonDepth - 200) + ']'.repeat(maxJsonDepth - 200),
      ...Array.from({ length: 1 }, () => ({ ...nest, path: '/0'.repeat(300) })),
    ),
    /nested/,
  )
  const large = `["${'x'.repeat(4 * 1024 * 1024)}",1]`
  const startMs = performance.now()
  assert.match(
    refused(large, ...Array.from({ length: 1_000 }, () => ({ op: 'replace', path: '/1', value: 2 }))),
    /too long/,
  )
  assert.ok(performance.now() - startMs < 20_000)
})

test('a patch that cannot be read says which operation', () => {
  const bad: readonly (readonly [string, RegExp])[] = [
    ['{}', /no array/],
    ['[]', /no operations/],
    ['[1]', /Operation 1 .*no object/],
    ['[{"op":"remove","path":"/a"},{"op":"what","path":"/a"}]', /Operation 2 .*none of/],
    ['[{"op":"add","path":"/a"}]', /"value" is missing/],
    ['[{"op":"add","path":"a","value":1}]', /start with \//],
    ['[{"op":"add","path":"/a~2","value":1}]', /~/],
    ['[{"op":"add","path":"/a","path":"/b","value":1}]', /twice/],
    ['[{"op":"move","path":"/a"}]', /"from" is missing/],
    ['[{"op":"transform","path":"/a","function":"eval"}]', /none of trim/],
    ['[{"op":"transform","path":"/a","function":"trim","find":"x"}]', /means nothing/],
    ['[{"op":"transform","path":"/a","function":"replace-text","find":"","with":""}]', /empty/],
    ['[{"op":"remove","path":"/a"}', /at byte 28/],
  ]
  for (const [text, message] of bad)
    assert.throws(
      () => parsePatch(text),
      (error: Error & { code?: string }) => error.code === 'REQUEST_INVALID' && message.test(error.message),
      text,
    )
  const many = JSON.stringify(Array.from({ length: 1_001 }, () => ({ op: 'remove', path: '/a' })))
  assert.throws(() => parsePatch(many), /more than 1000/)
})

/** Documents of few keys, so that operations often meet something. */
const name = fc.constantFrom('a', 'b', '', 'a/b', '~', 'ü', '__proto__')
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer({ min: -5, max: 5 }),
      fc.string({ maxLength: 4, unit: 'grapheme' }),
    ),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
}))
const pathOf = (tokens: readonly string[]): string =>
  tokens.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
/** Operations on places of the document, there or nearly there. */
const operation = fc.record({
  op: fc.constantFrom('add', 'add', 'replace', 'test', 'remove', 'move', 'copy'),
  where: fc.nat(),
  from: fc.nat(),
  value,
})

function placesOf(json: unknown, at: readonly string[] = []): string[] {
  if (typeof json !== 'object' || json === null) return [pathOf(at)]
  const inside = Object.entries(json).flatMap(([key, each]) => placesOf(each, [...at, key]))
  return [pathOf(at), ...inside, ...['a', '-', '0'].map((token) => pathOf([...at, token]))]
}

test('it means what a plain implementation of RFC 6902 over values means', () => {
  let done = 0
  fc.assert(
    fc.property(
      value,
      fc.array(operation, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(undefined, 1, '\t'),
      (document, drawn, space) => {
        const places = placesOf(document)
        const at = (index: number): string => places[index % places.length] ?? ''
        const operations = drawn.map(({ op, where, from, value: given }) => ({
          op,
          path: at(where),
          from: at(from),
          value: given,
        }))

        const ours = patch(JSON.stringify(document, null, space), ...operations)
        const expected = reference(document, operations)
        assert.equal(ours.kind, expected === undefined ? 'refused' : 'patched', JSON.stringify(ours))
        if (ours.kind === 'refused') return
        done += 1
        assert.deepEqual(JSON.parse(ours.bytes.toString()), expected?.value)
      },
    ),
    { numRuns: 20_000 },
  )
  assert.ok(done > 3_000, `only ${done} could be applied`)
})

/** Number literals that a parser would not give back. */
const literal = fc.constantFrom(
  '9007199254740993',
  '1e400',
  '-0',
  '1.0',
  '0.10',
  '1E+2',
  '-1e-400',
  '123456789012345678901234567890',
)

test('bytes outside of an edit stay: one splice, and every other number as it was written', () => {
  const entry = fc.tuple(fc.string({ maxLength: 6 }), literal)
  fc.assert(
    fc.property(
      fc.array(entry, { minLength: 1, maxLength: 12 }),
      fc.nat(),
      fc.constantFrom(' ', '', '\n  '),
      (entries, pick, space) => {
        // Keys are made distinct by their number; what is equal twice is refused elsewhere.
        const keys = entries.map(([key], index) => JSON.stringify(`k${index}-${key}`))
        const members = entries.map(([, number], index) => `${keys[index]}${space}:${space}${number}`)
        const document = `{${space}${members.join(`${space},${space}`)}${space}}`
        const index = pick % entries.length
        const at = pathOf([JSON.parse(keys[index] ?? '') as string])
        const replaced = patched(document, { op: 'replace', path: at, value: 'new' })
        assert.equal(
          replaced,
          document.replace(members[index] ?? '', () => `${keys[index]}${space}:${space}"new"`),
        )
        const removed = patched(document, { op: 'remove', path: at })
        assert.deepEqual(literals(removed), entries.map(([, number]) => number).toSpliced(index, 1))
        const added = patched(document, { op: 'add', path: '/brand-new', value: true })
        assert.ok(added.startsWith(document.slice(0, document.length - 1 - space.length)))
        assert.equal(patched(added, { op: 'remove', path: '/brand-new' }), document, 'and back')
      },
    ),
    { numRuns: 3_000 },
  )
})

/** The values of an object's members as they are written, by the language's own access to sources. */
function literals(text: string): readonly string[] {
  const found: string[] = []
  const reviver = (_: string, parsed: unknown, context?: { readonly source?: string }): unknown => {
    if (context?.source !== undefined) found.push(context.source)
    return parsed
  }
  JSON.parse(text, reviver as never)
  return found
}

interface ReferenceOperation {
  readonly op: string
  readonly path: string
  readonly from?: string
  readonly value?: unknown
}

type Container = unknown[] | Map<string, unknown>

/** Over values, objects as maps so that no key is special; `undefined`: refused. */
function reference(
  document: unknown,
  operations: readonly ReferenceOperation[],
): { readonly value: unknown } | undefined {
  try {
    let root = fromJson(document)
    for (const operation of operations) root = step(root, operation)
    return { value: toJson(root) }
  } catch (error) {
    if (error === impossible) return undefined
    throw error
  }
}

const impossible = new Error('impossible')
const tokensOf = (text: string): readonly string[] =>
  text === ''
    ? []
    : text
        .slice(1)
        .split('/')
        .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))

function step(root: unknown, { op, path: at, from, value: given }: ReferenceOperation): unknown {
  const tokens = tokensOf(at)
  switch (op) {
    case 'test':
      if (!equal(get(root, tokens), fromJson(given))) throw impossible
      return root
    case 'add':
      return put(root, tokens, fromJson(given))
    case 'replace':
      get(root, tokens)
      return tokens.length === 0 ? fromJson(given) : put(drop(root, tokens), tokens, fromJson(given))
    case 'remove':
      if (tokens.length === 0) throw impossible
      return drop(root, tokens)
    case 'copy':
      return put(root, tokens, structuredClone(get(root, tokensOf(from ?? ''))))
    default: {
      const source = tokensOf(from ?? '')
      const moved = get(root, source)
      if (from === at) return root
      if (at.startsWith(`${from}/`)) throw impossible
      return put(drop(root, source), tokens, moved)
    }
  }
}

function get(root: unknown, tokens: readonly string[]): unknown {
  let found = root
  for (const token of tokens) {
    if (found instanceof Map && found.has(token)) found = found.get(token)
    else if (Array.isArray(found) && /^(0|[1-9]\d*)$/.test(token) && Number(token) < found.length)
      found = found[Number(token)]
    else throw impossible
  }
  return found
}

function put(root: unknown, tokens: readonly string[], given: unknown): unknown {
  const last = tokens.at(-1)
  if (last === undefined) return given
  const parent = get(root, tokens.slice(0, -1)) as Container
  if (parent instanceof Map) parent.set(last, given)
  else if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : /^(0|[1-9]\d*)$/.test(last) ? Number(last) : Number.NaN
    if (!(index <= parent.length)) throw impossible
    parent.splice(index, 0, given)
  } else throw impossible
  return root
}

function drop(root: unknown, tokens: readonly string[]): unknown {
  get(root, tokens)
  const parent = get(root, tokens.slice(0, -1)) as Container
  const last = tokens.at(-1) ?? ''
  if (parent instanceof Map) parent.delete(last)
  else parent.splice(Number(last), 1)
  return root
}

function fromJson(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(fromJson)
  if (typeof json !== 'object' || json === null) return json
  return new Map(Object.entries(json).map(([key, each]) => [key, fromJson(each)]))
}

function toJson(from: unknown): unknown {
  if (Array.isArray(from)) return from.map(toJson)
  return from instanceof Map
    ? JSON.parse(
        `{${[...from].map(([key, each]) => `${JSON.stringify(key)}:${JSON.stringify(toJson(each))}`).join(',')}}`,
      )
    : from
}

function equal(a: unknown, b: unknown): boolean {
  try {
    assert.deepStrictEqual(zeros(toJson(a)), zeros(toJson(b)))
    return true
  } catch {
    return false
  }
}

/** -0 and 0 are one number. */
function zeros(from: unknown): unknown {
  return JSON.parse(JSON.stringify(from))
}
