// Words that programmers swap when they rename a function. A word may stand in several groups.
const synonyms: readonly (readonly string[])[] = [
  ['get', 'fetch', 'load', 'read', 'find', 'lookup', 'query', 'ask', 'retrieve', 'request', 'call'],
  ['parse', 'decode', 'read', 'deserialize', 'unmarshal', 'convert'],
  ['put', 'store', 'write', 'save', 'insert', 'add', 'persist', 'set', 'upsert'],
  ['send', 'post', 'publish', 'emit', 'push', 'dispatch', 'deliver', 'submit'],
  ['make', 'build', 'create', 'compose', 'construct', 'new'],
  ['check', 'assert', 'validate', 'verify', 'ensure'],
  ['compute', 'calculate', 'calc', 'sum', 'count'],
  ['delete', 'remove', 'drop', 'clear'],
  ['update', 'change', 'modify', 'apply', 'patch'],
]
const fillers = new Set([
  'to',
  'as',
  'of',
  'for',
  'from',
  'by',
  'with',
  'in',
  'on',
  'the',
  'do',
  'is',
  'now',
  'impl',
  'internal',
  'inner',
  'async',
  'sync',
])
const groupsOf = new Map<string, number[]>()
for (const [index, group] of synonyms.entries())
  for (const word of group) groupsOf.set(word, [...(groupsOf.get(word) ?? []), index])

/**
 * Whether one name reads as the other one renamed: the same words in another dress (`to_decimal`, `asDecimal`), with words
 * added (`send`, `sendNow`) or a synonym for the verb (`getProfile`, `loadProfile`). `getOrder` and `getCustomer`, `getOrder` and
 * `sendOrder` are two functions.
 */
export function readsAsRenamed(a: string, b: string): boolean {
  const wordsA = wordsOf(a)
  const wordsB = wordsOf(b)
  if (wordsA.length === 0 || wordsB.length === 0) return false
  const verbsA = wordsA.filter((word) => groupsOf.has(word))
  const verbsB = wordsB.filter((word) => groupsOf.has(word))
  if (verbsA.length > 0 && verbsB.length > 0 && !verbsA.some((verb) => verbsB.some((other) => alike(verb, other))))
    return false
  const thingsA = wordsA.filter((word) => !groupsOf.has(word))
  const thingsB = wordsB.filter((word) => !groupsOf.has(word))
  if (thingsA.length === 0 || thingsB.length === 0) return verbsA.length > 0 && verbsB.length > 0
  const [few, many] = thingsA.length <= thingsB.length ? [thingsA, thingsB] : [thingsB, thingsA]
  return few.every((word) => many.some((other) => alike(word, other)))
}

function wordsOf(name: string): string[] {
  const last = name.slice(name.lastIndexOf('.') + 1)
  return last
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '' && !fillers.has(word))
}

function alike(a: string, b: string): boolean {
  if (a === b) return true
  const groups = groupsOf.get(a)
  if (groups?.some((group) => groupsOf.get(b)?.includes(group))) return true
  // `summary` and `summarise`, `line` and `lines`.
  const length = Math.min(a.length, b.length)
  return length >= 4 && a.slice(0, Math.max(4, length - 2)) === b.slice(0, Math.max(4, length - 2))
}
