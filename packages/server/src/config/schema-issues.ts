import { Errors } from 'typebox/value'
import { brokerSchemaByType } from './brokers.ts'
import { notifierSchemaByType } from './notifiers.ts'
import { something } from './queue-document.ts'
import { fileSchema } from './schema.ts'

/** What is wrong at a path of the file. */
export interface Issue {
  readonly path: readonly string[]
  readonly message: string
}

/** What the schema of the file says against it, in words. */
export function schemaIssuesOf(value: unknown): Issue[] {
  return [
    ...schemaIssues(fileSchema, value, []),
    ...typedIssues(value, { under: 'brokers', word: 'broker', byType: brokerSchemaByType }),
    ...typedIssues(value, { under: 'notifiers', word: 'notifier', byType: notifierSchemaByType }),
  ]
}

/** Of what has other settings for each type. */
function typedIssues(
  value: unknown,
  {
    under,
    word,
    byType,
  }: { readonly under: string; readonly word: string; readonly byType: Readonly<Record<string, object>> },
): readonly Issue[] {
  const named = isRecord(value) && isRecord(value[under]) ? value[under] : {}
  return Object.entries(named).flatMap(([name, each]) => {
    if (!isRecord(each) || typeof each['type'] !== 'string') return []
    const schema = Object.hasOwn(byType, each['type']) ? byType[each['type']] : undefined
    if (schema !== undefined) return schemaIssues(schema, each, [under, name])
    const known = Object.keys(byType).join(', ')
    return [
      {
        path: [under, name, 'type'],
        message: `"${each['type'].slice(0, 40)}" is no type of ${word}; known are ${known}`,
      },
    ]
  })
}

function schemaIssues(schema: object, value: unknown, under: readonly string[]): Issue[] {
  const issues: Issue[] = []
  for (const error of Errors(schema as never, value)) {
    const path = [
      ...under,
      ...error.instancePath
        .split('/')
        .slice(1)
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')),
    ]
    // The same unknown key is reported a second time as a value that `false` forbids.
    if (error.keyword === 'boolean') continue
    if (error.keyword === 'additionalProperties') {
      const { additionalProperties } = error.params as { additionalProperties: readonly string[] }
      for (const key of additionalProperties) {
        issues.push({
          path: [...path, key],
          message: `there is no setting "${key.slice(0, 80)}"${didYouMean(key, keysOf(schema, error.schemaPath))}`,
        })
      }
    } else issues.push({ path, message: complaint(error) })
  }
  return issues
}

function complaint({ keyword, message, params }: { keyword: string; message: string; params: object }): string {
  const { allowedValues, pattern } = params as { allowedValues?: readonly unknown[]; pattern?: unknown }
  if (keyword === 'enum' && allowedValues !== undefined) return `must be one of ${allowedValues.join(', ')}`
  return keyword === 'pattern' && String(pattern) === something ? 'says nothing; leave it out' : message
}

function keysOf(schema: object, schemaPath: string): readonly string[] {
  let node: unknown = schema
  for (const part of schemaPath.split('/').slice(1)) {
    node = isRecord(node) ? node[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined
  }
  if (!isRecord(node)) return []
  if (isRecord(node['properties'])) return Object.keys(node['properties'])
  // A choice of keys, as in ^(one|other)$
  const choices = Object.keys(isRecord(node['patternProperties']) ? node['patternProperties'] : {})
  return choices.flatMap((pattern) => /^\^\(([a-z|]+)\)\$$/.exec(pattern)?.[1]?.split('|') ?? [])
}

function didYouMean(key: string, known: readonly string[]): string {
  const near = known.find(
    (each) =>
      each.toLowerCase() === key.toLowerCase() ||
      each.startsWith(key) ||
      key.startsWith(each) ||
      distance(each, key) <= 2,
  )
  if (near !== undefined) return `; did you mean "${near}"?`
  return known.length === 0 ? '' : `; known here are ${known.join(', ')}`
}

function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2 || b.length > 40) return 9
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      )
    }
    row = next
  }
  return row[b.length] ?? 9
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
