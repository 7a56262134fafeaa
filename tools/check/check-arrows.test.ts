import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkArrows } from './check-arrows.ts'
import { importsOf } from './imports.ts'

const worker = 'packages/worker/src'
const server = 'packages/server/src'

/** Each rule broken once on purpose: file, what it imports, what is said. */
const breaches: readonly [file: string, specifier: string, said: RegExp][] = [
  [`${worker}/message.ts`, 'node:crypto', /words import nothing of Node/],
  [`${worker}/worker.ts`, 'lodash', /no dependencies/],
  [`${worker}/brokers/kafka/index.ts`, 'kafkajs', /no dependencies/],
  [`${worker}/brokers/kafka/index.ts`, '../rabbitmq/index.ts', /never imports another adapter/],
  [`${worker}/brokers/kafka/index.ts`, '../../worker.ts', /the port and the words only/],
  [`${worker}/brokers/kafka/index.ts`, '../../readers/index.ts', /the port and the words only/],
  [`${worker}/worker.ts`, 'redrive', /never imports the server/],
  [`${worker}/worker.ts`, '../../server/src/main.ts', /never imports the server/],
  [`${server}/capture/index.ts`, '../../../worker/src/message.ts', /imported by its name/],
  [`${server}/cli/commands/letters.ts`, '../../letters/index.ts', /through HTTP only/],
  [`${server}/cli/commands/letters.ts`, '../../main.ts', /through HTTP only/],
  [`${server}/cli/commands/serve.ts`, '../../store/store.ts', /through HTTP only/],
  [`${server}/letters/show.ts`, '../http/problem.ts', /never the reverse/],
  [`${server}/store/store.ts`, '../cli/main.ts', /never the reverse/],
  [`${server}/http/server.ts`, '../main.ts', /not what starts it/],
  [`${server}/store/letters.ts`, '../letters/index.ts', /knows no use case/],
  [`${server}/http/routes/letters.ts`, '../../letters/show.ts', /by its index\.ts only/],
  [`${server}/replay/plan.ts`, '../letters/query.ts', /by its index\.ts only/],
  [`${server}/capture/batch.ts`, '../testing/database.ts', /only tests import testing/],
  [`${server}/capture/batch.ts`, '@redrive/worker/testing', /only tests import testing/],
  [`${server}/replay/plan.ts`, '@redrive/worker/kafka', /only main\.ts/],
  [`${server}/replay/plan.ts`, 'amqplib', /only main\.ts/],
  [`${server}/replay/plan.ts`, '../store/embedded/index.ts', /only main\.ts/],
]

for (const [file, specifier, said] of breaches) {
  test(`${file} must not import ${specifier}`, () => {
    for (const statement of [`import { a } from '${specifier}'`, `import type {\n  A,\n} from '${specifier}'`]) {
      assert.match(checkArrows(new Map([[file, statement]])).join('\n'), said)
    }
  })
}

test('a circle is found, even of types only', () => {
  const sources = new Map([
    [`${server}/store/a.ts`, `export type { B } from './b.ts'`],
    [`${server}/store/b.ts`, `import type { C } from './c.ts'\nexport type B = C`],
    [`${server}/store/c.ts`, `import { type B } from './a.ts'\nexport type C = B`],
  ])
  assert.deepEqual(checkArrows(sources), [
    `a circle: ${['a', 'b', 'c', 'a'].map((name) => `${server}/store/${name}.ts`).join(' → ')}`,
  ])
})

test('what the arrows allow is allowed', () => {
  const sources = new Map([
    [`${worker}/message.ts`, ''],
    [`${worker}/broker.ts`, `import type { Message } from './message.ts'`],
    [`${worker}/brokers/kafka/index.ts`, `import { a } from '../../broker.ts'\nimport { b } from 'node:crypto'`],
    [`${server}/letters/index.ts`, `export * from './show.ts'`],
    [`${server}/letters/show.ts`, `import { a } from '@redrive/worker'`],
    [`${server}/http/server.ts`, `import { a } from '../letters/index.ts'`],
    [`${server}/main.ts`, `import { a } from '@redrive/worker/kafka'\nimport { b } from './http/server.ts'`],
    [`${server}/cli/commands/serve.ts`, `import { a } from '../../main.ts'`],
    [`${server}/letters/show.test.ts`, `import { a } from '@redrive/worker/testing'\nimport { b } from './show.ts'`],
  ])
  assert.deepEqual(checkArrows(sources), [])
})

test('every form of import is seen, and none that is only text', () => {
  const source = `
    import a from 'a'
    import type B from 'b'
    import { type C } from 'c'
    import type * as D from 'd'
    export { e } from 'e'
    export type { F } from 'f'
    export * from 'g'
    import 'h'
    const j = await import('j')
    export type type = string
    export type G<T> = T extends { a: infer A } ? A : never
    const text = "import x from 'x'" // import y from 'y'
    const template = \`import z from 'z'\`
    const pattern = /import w from 'w'/
  `
  const found = importsOf('packages/worker/src/a.ts', source)
  assert.deepEqual(
    found.map((one) => one.specifier),
    ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j'],
  )
})
