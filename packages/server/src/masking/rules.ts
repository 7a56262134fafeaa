import {
  globMatcher,
  type MaskingConfig,
  type NamingRule,
  type PatternName,
  type RedactionConfig,
} from '../config/index.ts'
import { whyOf } from './mark.ts'

/** Who is shown something: `nobody` in particular is told by notifiers and the log. */
export type Audience = 'operator' | 'viewer' | 'nobody'

/** The rules that hold for one queue and one audience. */
export interface Rules {
  /** Of JSON members; a segment is a name, or `null` for any number of names. */
  readonly paths: readonly { readonly segments: readonly (Matcher | null)[]; readonly why: string }[]
  readonly headers: readonly { readonly matches: Matcher; readonly why: string }[]
  /** Of members: what is called so in free text is masked there as well. */
  readonly names: readonly { readonly matches: Matcher; readonly why: string }[]
  readonly parts: ReadonlySet<'key' | 'body'>
  readonly patterns: readonly PatternName[]
  /** All that its marks may say beside what all say. */
  readonly whys: ReadonlySet<string>
  /** Names that say that they are secret. */
  readonly secretNames: boolean
}

type Matcher = (text: string) => boolean

const defaultPatterns: readonly PatternName[] = ['private-key', 'jwt', 'secret-key']
const maxRemembered = 1_000

/** Finds the rules for a queue; without one, all hold, for nobody knows whose text it is. `null`: nothing is masked for this audience at all. */
export function rulesFor(config: MaskingConfig, audience: Audience): ((queue: string | null) => Rules) | null {
  const rules = config.rules
    .filter(({ showTo }) => audience !== 'operator' || showTo !== 'operator')
    .map((rule) => ({ ...rule, of: (rule.queues ?? ['*']).map(globMatcher) }))
  if (rules.length === 0 && !config.defaults) return null
  const remembered = new Map<string | null, Rules>()
  return (queue) => {
    const known = remembered.get(queue)
    if (known !== undefined) return known
    const found = compiled(
      rules.filter(({ of }) => queue === null || of.some((matches) => matches(queue))),
      config.defaults,
    )
    if (remembered.size >= maxRemembered) remembered.clear()
    remembered.set(queue, found)
    return found
  }
}

/** Finds the rules for a letter by all names that its queue may be meant by. `null`: none speaks of it. */
export function redactionRulesFor(config: RedactionConfig): (names: readonly string[]) => Rules | null {
  const rules = config.rules.map((rule) => ({ ...rule, of: (rule.queues ?? ['*']).map(globMatcher) }))
  if (rules.length === 0) return () => null
  const remembered = new Map<string, Rules | null>()
  return (names) => {
    const at = names.join('\n')
    const known = remembered.get(at)
    if (known !== undefined) return known
    const own = rules.filter(({ of }) => of.some((matches) => names.some(matches)))
    const found = own.length === 0 ? null : compiled(own, false)
    if (remembered.size >= maxRemembered) remembered.clear()
    remembered.set(at, found)
    return found
  }
}

function compiled(rules: readonly NamingRule[], defaults: boolean): Rules {
  const patterns = rules.flatMap(({ pattern }) => (pattern === undefined ? [] : [pattern]))
  const paths = rules.flatMap(({ path }) =>
    path === undefined ? [] : [{ names: namesOf(path), why: whyOf(`path ${path.replaceAll(/\[\*?\]/g, '')}`) }],
  )
  const headers = rules.flatMap(({ header }) =>
    header === undefined ? [] : [{ matches: globMatcher(header), why: whyOf(`header ${header}`) }],
  )
  const lasts = paths.flatMap(({ names, why }) => {
    const last = names.at(-1) ?? '**'
    return /^\*+$/.test(last) ? [] : [{ matches: globMatcher(last), why }]
  })
  return {
    paths: paths.map(({ names, why }) => ({
      segments: names.map((name) => (name === '**' ? null : globMatcher(name))),
      why,
    })),
    headers,
    names: [...lasts, ...headers],
    parts: new Set(rules.flatMap(({ part }) => (part === undefined ? [] : [part]))),
    patterns: [...new Set([...(defaults ? defaultPatterns : []), ...patterns])],
    whys: new Set([...paths, ...headers].map(({ why }) => why)),
    secretNames: defaults,
  }
}

/** `$.items[*].sku`: items, sku. */
const namesOf = (path: string): readonly string[] =>
  path
    .replaceAll(/\[\*?\]/g, '')
    .split('.')
    .filter((name) => name !== '$')
