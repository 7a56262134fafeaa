import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { AlertsConfig } from '../../packages/server/src/config/index.ts'

/** Something that happened in an incident. */
export interface TraceEvent {
  readonly atMs: number
  readonly word: string
  readonly names: readonly string[]
  readonly options: Readonly<Record<string, string>>
}

/** Somebody that is told something. */
export interface Message {
  readonly atMs: number
  /** `team page raised first-failure TaxRateMissing` */
  readonly text: string
}

/** What should be said, at its time or so much later. */
export interface Truth extends Message {
  readonly withinMs: number
}

export interface AlertTrace {
  readonly name: string
  readonly about: string
  readonly fromMs: number
  readonly toMs: number
  readonly config: AlertsConfig
  /** How long the broker keeps what is not captured; infinite: for ever. */
  readonly keepMs: number
  /** In the order of their times, as they stand in the file. */
  readonly events: readonly TraceEvent[]
  readonly truths: readonly Truth[]
}

const dayMs = 86_400_000
const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: dayMs }
const folder = path.join(import.meta.dirname, '..', 'alert-traces')

export async function readTraces(): Promise<readonly AlertTrace[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.trace')).sort()
  return Promise.all(
    files.map(async (file) => parseTrace(file.slice(0, -6), await readFile(path.join(folder, file), 'utf8'))),
  )
}

/** A trace as its folder's README says. @throws for a line that is none */
export function parseTrace(name: string, text: string): AlertTrace {
  let fromMs = 0
  let about = ''
  let keepMs = Number.POSITIVE_INFINITY
  let config: AlertsConfig = { limits: [], routes: [{ notify: ['team'] }] }
  const events: TraceEvent[] = []
  const truths: Truth[] = []
  let endMs = 0
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line === '' || line.startsWith('#')) continue
    const [first = '', ...rest] = line.split(/\s+/)
    if (first === 'about') about = rest.join(' ')
    else if (first === 'start') fromMs = Date.parse(rest[0] ?? '')
    else if (first === 'keeps') keepMs = durationMs(rest[0] ?? '')
    else if (first === 'alerts') config = { ...config, ...(JSON.parse(line.slice(first.length)) as AlertsConfig) }
    else {
      const [time = '', word = '', ...words] = rest
      const atMs = fromMs + (Number(first) - 1) * dayMs + clockMs(time)
      if (!Number.isFinite(atMs)) throw new Error(`${name}: that line is none: ${line}`)
      const options = Object.fromEntries(words.filter(isOption).map((each) => each.split('=', 2) as [string, string]))
      const names = words.filter((each) => !isOption(each))
      const times = occurrences({ atMs, word, names, options })
      if (word === 'end') endMs = atMs
      else if (word === '>') truths.push(...times.map(truthOf))
      else events.push(...times)
    }
  }
  const byTime = events.toSorted((a, b) => a.atMs - b.atMs)
  return { name, about, fromMs, toMs: endMs, config, keepMs, events: byTime, truths }
}

/** `every=5m for=2h`: again and again; `seed=7`: each a chance later, always the same one. `#` in names is the number of the occurrence. */
function occurrences(event: TraceEvent): readonly TraceEvent[] {
  const { every, for: span, seed } = event.options
  if (every === undefined) return [event]
  const everyMs = durationMs(every)
  const chance = chances(Number(seed ?? 0))
  return Array.from({ length: Math.floor(durationMs(span ?? '') / everyMs) }, (_, at) => {
    const laterMs = seed === undefined ? 0 : Math.floor((chance() * everyMs) / 1_000) * 1_000
    const names = event.names.map((each) => each.replaceAll('#', String(at + 1)))
    return { ...event, names, atMs: event.atMs + at * everyMs + laterMs }
  })
}

function truthOf({ atMs, names, options }: TraceEvent): Truth {
  return { atMs, text: names.join(' '), withinMs: patienceMs(names[3] ?? '', options) }
}

/** How long after its time somebody may be told: a page in five seconds, what is looked for more rarely by its rule's turn. */
function patienceMs(rule: string, { within }: Readonly<Record<string, string>>): number {
  if (within !== undefined) return durationMs(within)
  if (['depth', 'age', 'growth', 'death-rate'].includes(rule)) return 15_000
  return ['cause-unopened', 'letters-untouched', 'queue-without-owner', 'source-expiring', 'source-silent'].includes(
    rule,
  )
    ? 65_000
    : 5_000
}

export function durationMs(text: string): number {
  const [, number, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? []
  const ms = Number(number) * (units[unit] ?? Number.NaN)
  if (Number.isNaN(ms)) throw new Error(`that is no time: ${text}`)
  return ms
}

function clockMs(text: string): number {
  const [, hours, minutes, seconds] = /^(\d\d):(\d\d):(\d\d)$/.exec(text) ?? []
  return (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000
}

function isOption(word: string): boolean {
  return word.includes('=')
}

/** Numbers from 0 to 1. @see https://en.wikipedia.org/wiki/Linear_congruential_generator (Numerical Recipes) */
function chances(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
