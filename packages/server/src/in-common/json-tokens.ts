import { isName, rangeToken, type Token, valueToken } from './token.ts'

const maxDepth = 8
/** Of an array: an element beyond is not looked at, so nothing below an array is ever called missing. */
const maxElements = 10
const maxNodes = 2_000

/**
 * What the members of a JSON value say, by path: `/customer/vip`, `/items[]/sku`. `undefined` when it has too many members: of a value
 * that is looked at in part nobody can say what it lacks.
 */
export function jsonTokens(prefix: string, root: unknown): readonly Token[] | undefined {
  const tokens: Token[] = []
  let nodes = 0
  const visit = (value: unknown, path: string, depth: number): void => {
    nodes += 1
    if (nodes > maxNodes) return
    if (depth > 0 && isName(path)) addTokens(tokens, path, value)
    if (depth === maxDepth || typeof value !== 'object' || value === null) return
    if (Array.isArray(value)) for (const element of value.slice(0, maxElements)) visit(element, `${path}[]`, depth + 1)
    else for (const [name, member] of Object.entries(value)) visit(member, `${path}/${escaped(name)}`, depth + 1)
  }
  visit(root, prefix, 0)
  return nodes > maxNodes ? undefined : tokens
}

/** Whether what is below may be there without having been looked at. */
export const isBelowArray = (path: string): boolean => path.includes('[]')

function addTokens(tokens: Token[], facet: string, value: unknown): void {
  tokens.push({ facet, what: 'there', value: null }, { facet, what: 'kind', value: kindOf(value) })
  if (typeof value === 'number') tokens.push(rangeToken(facet, value))
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    tokens.push(valueToken(facet, JSON.stringify(value)))
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (value === '') return 'empty string'
  if (Array.isArray(value)) return value.length === 0 ? 'empty array' : 'array'
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'empty object' : 'object'
  return typeof value
}

/** As in JSON Pointer. @see https://www.rfc-editor.org/rfc/rfc6901#section-3 */
const escaped = (name: string): string =>
  name.includes('~') || name.includes('/') ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name
