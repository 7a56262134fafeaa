import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJavaStack } from './java-stack.ts'

const whole = [
  'org.acme.Wrapper: could not',
  '\tat org.acme.A.run(A.java:1)',
  '\tat java.base/java.lang.Thread.run(Thread.java:840)',
  '\tSuppressed: org.acme.Closing: while closing',
  '\t\tat org.acme.B.close(B.java:2)',
  '\tCaused by: org.acme.OfTheSuppressed: not this one',
  '\t\t... 1 more',
  'Caused by: java.lang.IllegalStateException: no stock for',
  'order 7',
  '\tat org.acme.C.take(C.java:3)',
  '\t... 1 more',
  'Caused by: java.net.ConnectException: Connection refused',
  '\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)',
  '\t... 2 more',
  '',
].join('\n')

function innermost(stack: string): unknown {
  return readJavaStack(Buffer.from(stack)).innermost
}

test('the last cause of the outer error is the innermost, never one of a suppressed error', () => {
  assert.deepEqual(readJavaStack(Buffer.from(whole)), {
    text: whole,
    innermost: { errorClass: 'java.net.ConnectException', message: 'Connection refused' },
    single: false,
  })
})

test('a message spans lines and keeps what looks like a frame of another notation', () => {
  const stack =
    'com.fasterxml.jackson.core.JsonParseException: bad token\n at [Source: REDACTED; line: 1]\n\tat java.lang.Thread.run(Thread.java:1)\n'
  assert.deepEqual(innermost(stack), {
    errorClass: 'com.fasterxml.jackson.core.JsonParseException',
    message: 'bad token\n at [Source: REDACTED; line: 1]',
  })
})

test('messages of suppressed errors and of their causes span lines too', () => {
  const suppressed =
    '\tSuppressed: a.C: two\nlines\n\t\tat a.C.d(C.java:1)\n\tCaused by: a.D: two\nmore\n\t\t... 1 more\n'
  assert.deepEqual(innermost(`a.B: x\n\tat a.B.main(B.java:1)\n${suppressed}Caused by: a.E: y\n\t... 1 more\n`), {
    errorClass: 'a.E',
    message: 'y',
  })
})

test('an error without a message, without frames, or with Windows line ends', () => {
  assert.deepEqual(innermost('java.lang.NullPointerException\n\tat a.B.main(B.java:1)\n'), {
    errorClass: 'java.lang.NullPointerException',
    message: null,
  })
  assert.deepEqual(
    innermost('a.Outer: failed\nCaused by: org.apache.kafka.common.errors.TimeoutException: expired\n'),
    {
      errorClass: 'org.apache.kafka.common.errors.TimeoutException',
      message: 'expired',
    },
  )
  assert.deepEqual(innermost(whole.replaceAll('\n', '\r\n')), {
    errorClass: 'java.net.ConnectException',
    message: 'Connection refused',
  })
})

test('a stack that is cut has no innermost error, wherever the cut is', () => {
  // Right behind a whole block, or behind an error that may have no frames, nothing shows that more should follow.
  const undetectable = /(?:\.\.\. \d more|Thread\.java:840\))\n?$|Connection refused\n$/
  let cuts = 0
  for (let length = 0; length < whole.length; length += 1) {
    const cut = whole.slice(0, length)
    if (undetectable.test(cut)) continue
    assert.equal(innermost(cut), null, JSON.stringify(cut))
    cuts += 1
  }
  assert.ok(cuts > 400)
  assert.equal(innermost(`${whole}... (truncated)`), null)
  assert.equal(innermost(`${whole.split('\n').slice(0, 2).join('\n')}\n`), null)
})

test('the final newline may be missing where the last line ends a trace', () => {
  assert.deepEqual(innermost(whole.trimEnd()), {
    errorClass: 'java.net.ConnectException',
    message: 'Connection refused',
  })
  assert.equal(innermost('a.B: c\n\tat d.E.f(E.java:1)'), null)
  assert.deepEqual(innermost('a.B: c\n\tat java.base/java.lang.Thread.run(Thread.java:840)'), {
    errorClass: 'a.B',
    message: 'c',
  })
})

test('what is no class says nothing: own toString, circular causes, quoted stacks', () => {
  assert.equal(innermost('a.B: c\n\tat d.E.f(E.java:1)\nCaused by: it just broke\n\t... 1 more\n'), null)
  assert.equal(innermost('a.B: c\n\tat d.E.f(E.java:1)\nCaused by: [CIRCULAR REFERENCE: a.B: c]\n'), null)
  assert.equal(
    innermost('a.Remote: said\na.There: x\n\tat far.Away.b(Away.java:1)\nend of it\n\tat d.E.main(E.java:1)\n'),
    null,
  )
  assert.equal(innermost(''), null)
})

test('of a huge stack head and tail are kept, and the tail tells the innermost error', () => {
  const frames = '\tat org.acme.Deep.down(Deep.java:1)\n'.repeat(5000)
  const stack = `a.Outer: o\n${frames}Caused by: a.Inner: i\n\tat b.C.d(C.java:1)\n\t... 3 more\n`
  const read = readJavaStack(Buffer.from(stack))
  assert.deepEqual(read.innermost, { errorClass: 'a.Inner', message: 'i' })
  assert.ok(Buffer.byteLength(read.text) <= 65_536)
  assert.ok(read.text.startsWith('a.Outer: o\n') && read.text.endsWith('\t... 3 more\n'))
  assert.equal(innermost(`a.Outer: o\n${frames}`), null)
})
