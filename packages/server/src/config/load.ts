import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { isRedriveError, RedriveError } from '@redrive/worker'
import { LineCounter, parseDocument } from 'yaml'
import { alertIssues } from './alerts.ts'
import { archiveIssues, archiveSecrets } from './archive.ts'
import { readBodySchemas } from './body-schemas.ts'
import { brokerSecrets, brokerSecurityIssues } from './broker-security.ts'
import type { BrokerConfig } from './brokers.ts'
import { ruleIssues } from './cause-rules.ts'
import { defaultMasking, maskingIssues } from './masking.ts'
import { namedHeaderIssues } from './named-headers.ts'
import { notifierIssues } from './notifier-issues.ts'
import { notifierSecrets, withNotifierDefaults } from './notifiers.ts'
import { flatDocument } from './queue-document.ts'
import { holdsSecret, ReferenceProblem, resolveReferences } from './references.ts'
import { replayIssues } from './replay-policy.ts'
import { retentionIssues } from './retention.ts'
import { defaultReview, reviewIssues } from './review.ts'
import type { Config, QueueConfig } from './schema.ts'
import { isRecord, schemaIssuesOf } from './schema-issues.ts'
import { configOf, type RawConfig } from './with-defaults.ts'

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
  const issues = schemaIssuesOf(value).map(({ path: keys, message }) => ({
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
    ...brokerSecurityIssues(raw.brokers ?? {}),
    ...alertIssues({ limits: [], routes: [], ...raw.alerts }, Object.keys(notifiers)),
    ...reviewIssues({ ...defaultReview, ...raw.review }, notifiers),
    ...retentionIssues(raw),
    ...replayIssues(raw),
    ...archiveIssues(raw.archive),
    ...ruleIssues(raw.causes?.rules ?? []),
    ...namedHeaderIssues(raw.causes?.rules ?? [], { ...defaultMasking, ...raw.masking }),
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
  const review = raw.review ?? {}
  const places = Object.fromEntries(
    Object.keys(review).map((field) => [field, `${file}:${at(offsetOf(['review', field])).line}`]),
  )
  const config = configOf({ ...raw, queues: Object.fromEntries(placed) }, { env: options.env, file })
  const brokers = Object.entries(config.brokers).map(([name, broker]): [string, BrokerConfig] => {
    const { line, column } = at(offsetOf(['brokers', name]))
    return [name, { ...broker, at: `${options.file}:${line}:${column}` }]
  })
  return { ...config, review: { says: review, places }, brokers: Object.fromEntries(brokers) }
}

/** For messages of any fault while the configuration is read. */
export function issuesIn(error: unknown): readonly ConfigIssue[] {
  return isRedriveError(error, 'CONFIG_INVALID')
    ? ((error.data['issues'] as readonly ConfigIssue[] | undefined) ?? [])
    : []
}

function secretProblem(text: string, path: readonly string[], type: unknown): ReferenceProblem | undefined {
  const last = path.at(-1) ?? ''
  const isSecret =
    (path[0] === 'notifiers' && (notifierSecrets.has(last) || (type === 'slack' && last === 'url'))) ||
    (path[0] === 'archive' && archiveSecrets.has(last)) ||
    (path[0] === 'brokers' && path.length === 4 && brokerSecrets.has(last))
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
