import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { isRedriveError, RedriveError } from '@redrive/worker'
import { Errors } from 'typebox/value'
import { LineCounter, parseDocument } from 'yaml'
import { type AlertsConfig, alertIssues } from './alerts.ts'
import { archiveIssues, archiveOf, archiveSecrets, type RawArchive } from './archive.ts'
import { readBodySchemas } from './body-schemas.ts'
import { withCapDefaults } from './caps.ts'
import { ruleIssues } from './cause-rules.ts'
import { defaultMasking, defaultRedaction, type MaskingConfig, maskingIssues, type RedactionConfig } from './masking.ts'
import { notifierIssues } from './notifier-issues.ts'
import { type NotifierConfig, notifierSchemaByType, notifierSecrets, withNotifierDefaults } from './notifiers.ts'
import { flatDocument, something } from './queue-document.ts'
import { holdsSecret, ReferenceProblem, resolveReferences } from './references.ts'
import { type ReplayDocument, replayIssues } from './replay-policy.ts'
import { type RetentionDocument, retentionIssues, withRetentionDefaults } from './retention.ts'
import { defaultReview, type ReviewConfig, reviewIssues } from './review.ts'
import { type BrokerConfig, brokerSchemaByType, type Config, defaults, fileSchema, type QueueConfig } from './schema.ts'

/** One thing wrong in the file: where, what, and what to do. */
export interface ConfigIssue {
  /** From 1. */
  readonly line: number
  readonly column: number
  readonly path: string
  readonly message: string
}

/**
 * Reads `redrive.yaml`, or takes the defaults when there is none at the default place. `REDRIVE_DATABASE_URL`, `REDRIVE_DATA` and
 * `REDRIVE_PORT` win over the file.
 * @throws CONFIG_INVALID with every issue in `data.issues`
 */
export function loadConfig(options: { readonly file?: string; readonly env?: NodeJS.ProcessEnv } = {}): Config {
  const env = options.env ?? process.env
  const file = options.file ?? 'redrive.yaml'
  if (!existsSync(file)) {
    if (options.file !== undefined) {
      throw new RedriveError('CONFIG_INVALID', `There is no configuration file ${file}.`, {
        hint: 'Check the path given to --config.',
      })
    }
    return configOf({}, { env, file: path.resolve(file) })
  }
  return parseConfig(readFileSync(file, 'utf8'), { file, env })
}

/** @throws CONFIG_INVALID */
export function parseConfig(text: string, options: { readonly file: string; readonly env: NodeJS.ProcessEnv }): Config {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const broken = document.errors.map(
    (error): ConfigIssue => ({ ...at(error.pos[0]), path: '', message: error.message.split('\n')[0] ?? '' }),
  )
  if (broken.length > 0) throw invalid(options.file, broken)
  const offsetOf = (keys: readonly string[]): number => {
    for (let length = keys.length; length > 0; length -= 1) {
      const node = document.getIn(keys.slice(0, length), true) as { range?: readonly number[] } | undefined
      if (node?.range?.[0] !== undefined) return node.range[0]
    }
    return 0
  }
  const value: unknown = document.toJS({ maxAliasCount: 0 }) ?? {}
  const issues = issuesOf(value).map(({ path: keys, message }) => ({
    ...at(offsetOf(keys)),
    path: keys.join('.'),
    message,
  }))
  const resolved = mapStrings(value, [], (string, keys) => {
    const problem = secretProblem(string, keys, document.getIn([...keys.slice(0, -1), 'type']))
    const result = problem ?? resolveReferences(string, options.env)
    if (typeof result === 'string') return result
    issues.push({ ...at(offsetOf(keys)), path: keys.join('.'), message: result.message })
    return string
  })
  if (issues.length > 0) throw invalid(options.file, issues)
  const raw = resolved as RawConfig
  const queues = readBodySchemas(raw.queues ?? {}, path.dirname(options.file), (queue, message) => {
    const keys = ['queues', queue, 'bodySchema']
    issues.push({ ...at(offsetOf(keys)), path: keys.join('.'), message })
  })
  for (const { keys, url } of addressesOf(raw)) {
    if (/^https?:$/.test(URL.parse(url)?.protocol ?? '')) continue
    issues.push({
      ...at(offsetOf(keys)),
      path: keys.join('.'),
      message: 'is no address that begins with http:// or https://',
    })
  }
  const notifiers = withNotifierDefaults(raw.notifiers)
  for (const { path: keys, message } of [
    ...notifierIssues(notifiers),
    ...alertIssues({ limits: [], routes: [], ...raw.alerts }, Object.keys(notifiers)),
    ...reviewIssues({ ...defaultReview, ...raw.review }, notifiers),
    ...retentionIssues(raw),
    ...replayIssues(raw),
    ...archiveIssues(raw.archive),
    ...ruleIssues(raw.causes?.rules ?? []),
    ...maskingIssues(raw.masking?.rules ?? []),
    ...maskingIssues(raw.redaction?.rules ?? [], 'redaction'),
  ])
    issues.push({ ...at(offsetOf(keys)), path: keys.join('.'), message })
  if (issues.length > 0) throw invalid(options.file, issues)
  const file = path.resolve(options.file)
  const placed = Object.entries(queues).map(([name, queue]): [string, QueueConfig] => {
    const lineOf = (field: string): string => `${file}:${at(offsetOf(['queues', name, ...field.split('.')])).line}`
    return [
      name,
      { ...queue, at: Object.fromEntries(Object.keys(flatDocument(queue)).map((each) => [each, lineOf(each)])) },
    ]
  })
  const config = configOf({ ...raw, queues: Object.fromEntries(placed) }, { env: options.env, file })
  const brokers = Object.entries(config.brokers).map(([name, broker]): [string, BrokerConfig] => {
    const { line, column } = at(offsetOf(['brokers', name]))
    return [name, { ...broker, at: `${options.file}:${line}:${column}` }]
  })
  return { ...config, brokers: Object.fromEntries(brokers) }
}

/** For messages of any fault while the configuration is read. */
export function issuesIn(error: unknown): readonly ConfigIssue[] {
  return isRedriveError(error, 'CONFIG_INVALID')
    ? ((error.data['issues'] as readonly ConfigIssue[] | undefined) ?? [])
    : []
}

interface RawConfig
  extends Partial<
    Omit<
      Config,
      | 'brokers'
      | 'http'
      | 'heartbeat'
      | 'alerts'
      | 'notifiers'
      | 'review'
      | 'retention'
      | 'replay'
      | 'archive'
      | 'causes'
      | 'masking'
      | 'redaction'
    >
  > {
  readonly retention?: RetentionDocument
  readonly tiers?: Readonly<Record<string, { readonly replay?: ReplayDocument }>>
  readonly masking?: Partial<MaskingConfig>
  readonly redaction?: Partial<RedactionConfig>
  readonly causes?: Partial<Config['causes']>
  readonly review?: Partial<ReviewConfig>
  readonly archive?: RawArchive
  readonly alerts?: Partial<AlertsConfig>
  readonly notifiers?: Readonly<Record<string, Pick<NotifierConfig, 'type'>>>
  readonly heartbeat?: { readonly url: string; readonly seconds?: number }
  readonly http?: Partial<Config['http']>
  readonly brokers?: Readonly<Record<string, Partial<BrokerConfig>>>
}

function configOf(raw: RawConfig, { env, file }: { readonly env: NodeJS.ProcessEnv; readonly file: string }): Config {
  const brokers = Object.entries(raw.brokers ?? {}).map(([name, broker]): [string, BrokerConfig] => [
    name,
    {
      receipts: defaults.receipts,
      consumer: defaults.consumer,
      ...(broker.type === 'pg-boss' ? { schema: defaults.schema } : {}),
      ...broker,
    } as BrokerConfig,
  ])
  return {
    data: env['REDRIVE_DATA'] ?? raw.data ?? defaults.data,
    database: env['REDRIVE_DATABASE_URL'] ?? raw.database ?? null,
    http: {
      ...defaults.http,
      ...raw.http,
      ...(env['REDRIVE_PORT'] === undefined ? {} : { port: Number(env['REDRIVE_PORT']) }),
    },
    brokers: Object.fromEntries(brokers),
    queues: (raw.queues ?? {}) as Readonly<Record<string, QueueConfig>>,
    outcomeWindowMinutes: raw.outcomeWindowMinutes ?? defaults.outcomeWindowMinutes,
    notifiers: withNotifierDefaults(raw.notifiers),
    alerts: { limits: [], routes: [], ...raw.alerts },
    review: { ...defaultReview, ...raw.review },
    retention: withRetentionDefaults(raw.retention),
    most: withCapDefaults(raw.retention?.most),
    replay: Object.fromEntries(Object.entries(raw.tiers ?? {}).map(([tier, of]) => [tier, of?.replay ?? {}])),
    archive: archiveOf(raw.archive, path.dirname(file)),
    masking: { ...defaultMasking, ...raw.masking },
    redaction: { ...defaultRedaction, ...raw.redaction },
    causes: { rules: [], ...raw.causes },
    heartbeat: raw.heartbeat === undefined ? null : { seconds: defaults.heartbeatSeconds, ...raw.heartbeat },
    file,
  }
}

interface Issue {
  readonly path: readonly string[]
  readonly message: string
}

function issuesOf(value: unknown): Issue[] {
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

function secretProblem(text: string, path: readonly string[], type: unknown): ReferenceProblem | undefined {
  const last = path.at(-1) ?? ''
  const isSecret =
    (path[0] === 'notifiers' && (notifierSecrets.has(last) || (type === 'slack' && last === 'url'))) ||
    (path[0] === 'archive' && archiveSecrets.has(last))
  if (isSecret && !text.includes('${'))
    return new ReferenceProblem('a secret may not stand in the file; write ${env:NAME} or ${file:/path} in its place')
  if ((last !== 'url' && last !== 'database') || !holdsSecret(text)) return undefined
  return new ReferenceProblem('a password may not stand in the file; write ${env:NAME} or ${file:/path} in its place')
}

/** Those that may come by reference, and so are not seen to be none before; notifiers look after their own. */
function addressesOf({
  heartbeat,
  http,
  brokers = {},
}: RawConfig): readonly { keys: readonly string[]; url: string }[] {
  return [
    ...(heartbeat === undefined ? [] : [{ keys: ['heartbeat', 'url'], url: heartbeat.url }]),
    ...(typeof http?.url === 'string' ? [{ keys: ['http', 'url'], url: http.url }] : []),
    ...Object.entries(brokers).flatMap(([name, broker]) =>
      'management' in broker && broker.management !== undefined
        ? [{ keys: ['brokers', name, 'management', 'url'], url: broker.management.url }]
        : [],
    ),
  ]
}

function mapStrings(
  value: unknown,
  path: readonly string[],
  change: (text: string, path: readonly string[]) => string,
): unknown {
  if (typeof value === 'string') return change(value, path)
  if (Array.isArray(value)) return value.map((each, index) => mapStrings(each, [...path, String(index)], change))
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapStrings(each, [...path, key], change)]))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(file: string, issues: readonly ConfigIssue[]): RedriveError {
  const lines = issues.map(
    ({ line, column, path, message }) => `${file}:${line}:${column}  ${path === '' ? '' : `${path}: `}${message}`,
  )
  return new RedriveError(
    'CONFIG_INVALID',
    `The configuration has ${issues.length === 1 ? 'a mistake' : `${issues.length} mistakes`}:\n${lines.join('\n')}`,
    {
      hint: 'Settings are listed in redrive.schema.json; an editor shows them with: # yaml-language-server: $schema=redrive.schema.json',
      data: { issues },
    },
  )
}
