/**
 * The order of two releases: below 0, 0 or above 0; `null` when their names do not tell, as those of hashes.
 *
 * Numbers with dots, compared as numbers, `1.4` as `1.4.0`; a leading `v` or name (`orders-1.4`, `shop@v2.0.1`) is taken off, and only releases with the
 * same name are compared. Dates (`2026-11-28`) are such numbers. What follows a hyphen comes before the release (`1.4.0-rc.2`), as in Semantic Versioning; so do words
 * like `rc1` that follow directly or after a dot. Other suffixes, a build (`+7`) and commits since (`-12-g5f2ab71`, as `git describe` writes) come after it.
 * @see https://semver.org/#spec-item-11
 */
export function compareReleases(a: string, b: string): number | null {
  const [one, other] = [parse(a), parse(b)]
  if (one === null || other === null || one.name !== other.name) return null
  return (
    compareNumbers(one.numbers, other.numbers) || comparePre(one.pre, other.pre) || compareRuns(one.post, other.post)
  )
}

interface Version {
  readonly name: string
  readonly numbers: readonly string[]
  /** Empty: a release, not one that comes before it. */
  readonly pre: readonly string[]
  readonly post: readonly string[]
}

/** Names of releases come in headers from anywhere; longer ones are no versions. */
const maxLength = 200
const form = /^((?:[a-z]+[-_@/ ])*)v?(\d+(?:\.\d+)*)([^+]*)(?:\+(.*))?$/is
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-/i
const preWords: ReadonlySet<string> = new Set(
  'a alpha b beta c cr dev ea m milestone nightly pre preview rc snapshot'.split(' '),
)
const releaseWords: ReadonlySet<string> = new Set(['final', 'ga', 'release'])

function parse(text: string): Version | null {
  if (text.length > maxLength || uuid.test(text)) return null
  // A date with hyphens is one with dots.
  const dotted = text.trim().replace(/(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)/, '$1.$2.$3')
  const [, name, numbers, suffix = '', build = ''] = form.exec(dotted) ?? []
  if (name === undefined || numbers === undefined) return null
  // `5f2ab71` begins with a number and is none.
  if (/^[^\W_]/.test(suffix) && !numbers.includes('.')) return null
  const version = { name: name.toLowerCase(), numbers: numbers.split('.') }
  const since = /^-(\d+)-g[0-9a-f]{7,40}$/i.exec(suffix)?.[1]
  if (since !== undefined) return { ...version, pre: [], post: [since, ...runs(build)] }
  const words = runs(suffix)
  const [first = ''] = words
  if (releaseWords.has(first) && words.length === 1) return { ...version, pre: [], post: runs(build) }
  const isPre = words.length > 0 && (suffix.startsWith('-') || preWords.has(first))
  return { ...version, pre: isPre ? words : [], post: [...(isPre ? [] : words), ...runs(build)] }
}

/** `rc.10` and `rc10` are a word and a number. */
function runs(text: string): readonly string[] {
  return text.toLowerCase().match(/\d+|[^\W\d_]+/g) ?? []
}

function compareNumbers(a: readonly string[], b: readonly string[]): number {
  for (let place = 0; place < Math.max(a.length, b.length); place++) {
    const order = compareDigits(a[place] ?? '0', b[place] ?? '0')
    if (order !== 0) return order
  }
  return 0
}

function comparePre(a: readonly string[], b: readonly string[]): number {
  if (a.length > 0 && b.length > 0) return compareRuns(a, b)
  return b.length - a.length
}

/** Numbers before words, and of two of which one is the other's beginning the shorter first. */
function compareRuns(a: readonly string[], b: readonly string[]): number {
  for (const [place, one] of a.entries()) {
    const other = b[place]
    if (other === undefined) return 1
    const order = compareRun(one, other)
    if (order !== 0) return order
  }
  return a.length - b.length
}

function compareRun(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [/^\d/.test(a), /^\d/.test(b)]
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1
  if (aIsNumber) return compareDigits(a, b)
  return a < b ? -1 : a > b ? 1 : 0
}

/** Of any length, without rounding. */
function compareDigits(a: string, b: string): number {
  const [one, other] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')]
  if (one.length !== other.length) return one.length - other.length
  return one < other ? -1 : one > other ? 1 : 0
}
