import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { publishedSchema } from '../../packages/server/src/config/index.ts'
import { root } from '../lib/workspace.ts'
import { schemaFile, schemaText } from './schema-text.ts'

const page = readFileSync(`${root}/docs/configuration.md`, 'utf8')

test('the published schema is the one that the program checks with', () => {
  const published = readFileSync(`${root}/${schemaFile}`, 'utf8')
  assert.equal(published, schemaText(), 'write it anew: node tools/bootstrap.mjs tools/docs/write-schema.ts')
})

test('docs/configuration.md has every key, and no other', () => {
  const listed = [...page.matchAll(/^\| `([a-zA-Z0-9.*]+)` \|/gm)].map(([, key]) => key ?? '')
  assert.deepEqual(listed.toSorted(), [...new Set(keysOf(publishedSchema()))].toSorted())
})

test('docs/configuration.md has every variable that the program reads', () => {
  const help = readFileSync(`${root}/packages/server/src/cli/main.ts`, 'utf8')
  for (const [name] of help.matchAll(/REDRIVE_[A-Z_]+/g)) assert.ok(page.includes(`\`${name}\``), name)
})

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly oneOf?: readonly Schema[]
}

/** `http.port`, `brokers.*.type`: whatever has a value of its own, and collections by their name. */
function keysOf(schema: Schema, path = ''): string[] {
  const named = Object.entries(schema.properties ?? {}).map(([name, each]) => [name, each] as const)
  const any = Object.values(schema.patternProperties ?? {}).map((each) => ['*', each] as const)
  const inner = [...named, ...any].flatMap(([name, each]) => keysOf(each, path === '' ? name : `${path}.${name}`))
  const alternatives = (schema.oneOf ?? []).flatMap((each) => keysOf(each, path))
  const isPlain = schema.properties === undefined && schema.oneOf === undefined
  const own = path !== '' && !path.endsWith('*') && isPlain ? [path] : []
  return [...own, ...inner, ...alternatives]
}
