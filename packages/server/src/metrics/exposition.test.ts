import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addUp, boundedNames, others } from './bounded.ts'
import { exposition } from './exposition.ts'

test('families are written with help, type and a line a sample', () => {
  const text = exposition([
    {
      name: 'redrive_letters',
      type: 'gauge',
      help: 'Letters.',
      samples: [{ labels: { queue: 'orders', state: 'open' }, value: 3 }],
    },
    { name: 'up_seconds', type: 'counter', help: 'a\\b\nc', samples: [{ value: 1.5 }, { value: Number.NaN }] },
  ])
  assert.equal(
    text,
    [
      '# HELP redrive_letters Letters.',
      '# TYPE redrive_letters gauge',
      'redrive_letters{queue="orders",state="open"} 3',
      '# HELP up_seconds a\\\\b\\nc',
      '# TYPE up_seconds counter',
      'up_seconds 1.5',
      'up_seconds NaN',
      '',
    ].join('\n'),
  )
})

test('whatever a queue is named, its sample stays one line, and its name can be read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const text = exposition([
        { name: 'm', type: 'gauge', help: '', samples: [{ labels: { queue: name }, value: 1 }] },
      ])
      const line = text.split('\n')[2] ?? ''
      assert.equal(text.split('\n').length, 4)
      const [, written] = /^m\{queue="((?:[^"\\]|\\.)*)"\} 1$/s.exec(line) ?? assert.fail(line)
      const read = written?.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
      assert.equal(read, name.toWellFormed())
    }),
    { examples: [['a"b\\c\nd'], ['\ud800'], ['\r']] },
  )
})

test('of many queues only those with the most letters have a name of their own', () => {
  const sizes = Array.from({ length: 500 }, (_, n) => ({ name: `q${n}`, letters: n }))
  const names = boundedNames(sizes, 200)
  assert.equal(names.get('q499'), 'q499')
  assert.equal(names.get('q299'), others)
  const samples = sizes.map(({ name, letters }) => ({ labels: { queue: names.get(name) ?? '' }, value: letters }))
  const added = addUp(samples)
  assert.equal(added.length, 201)
  assert.equal(added.find(({ labels }) => labels.queue === others)?.value, (299 * 300) / 2)
})

test('names that are the same once they are cut are added up, for a series may be there only once', () => {
  const long = 'x'.repeat(200)
  const names = boundedNames(
    [`${long}a`, `${long}b`].map((name) => ({ name, letters: 1 })),
    200,
  )
  const added = addUp([...names.values()].map((queue) => ({ labels: { queue }, value: 2 })))
  assert.deepEqual(added, [{ labels: { queue: long }, value: 4 }])
})
