import { clean } from './clean.ts'
import { translate } from './os-errors.ts'

/** Characters of a message that are read. What follows adds values, not kinds of failure. */
export const maxMessageChars = 8192
const maxTemplateChars = 400
const maxTemplateLines = 4

/**
 * The message with what varies from letter to letter replaced: `order 17: GET http://a:8080/rates/9 answered 503` becomes
 * `order <n>: GET <url>/rates/<*> answered 503`. What tells causes apart stays: HTTP status, error codes, names of columns,
 * keys and constraints, the fixed beginning of paths.
 */
export function templateOf(message: string, errorClass: string | null = null): string {
  if (isJsonComplaint(message, errorClass)) return 'not valid JSON'
  const text = withoutClass(message.length > maxMessageChars ? message.slice(0, maxMessageChars) : message, errorClass)
  const lines: string[] = []
  for (const line of text.split('\n', 40)) {
    const meaning = line.trim()
    if (
      meaning === '' ||
      /^(?:\^+|\[parameters: .*|\[SQL: .*|\(Background on .*|For further information.*|DETAIL: .*|HINT: .*)$/.test(
        meaning,
      )
    )
      continue
    const template = clean(withoutPlace(meaning).replace(variable, replace), maxMessageChars).replace(/ {2,}/g, ' ')
    // A list of the same complaints is one complaint, however long.
    if (!lines.includes(template)) lines.push(template)
    if (lines.length === maxTemplateLines) break
  }
  return translate(lines.join('\n').slice(0, maxTemplateChars).toWellFormed().trim())
}

/** A JSON parser's message tells at which character a body is broken, not in which way the program fails. */
function isJsonComplaint(message: string, errorClass: string | null): boolean {
  if (errorClass === 'SyntaxError') return / JSON(?: input)?(?: at position \d|$)/m.test(message.slice(-200))
  return errorClass !== null && /(?:^|\.)JSONDecodeError$/.test(errorClass)
}

function withoutClass(message: string, errorClass: string | null): string {
  if (errorClass !== null && message.startsWith(`${errorClass}: `)) return message.slice(errorClass.length + 2)
  return message.startsWith('** (') ? message.replace(/^\*\* \([\w.]{1,200}\) /, '') : message
}

/** Perl and PHP end a message with the line of code it came from. */
function withoutPlace(line: string): string {
  if (!/ line \d/.test(line)) return line
  return line
    .replace(/ at \S{1,400} line \d+(?:, <\w{0,60}> (?:line|chunk) \d+)?\.?$/, '')
    .replace(/, called in \S{1,400} on line \d+(?: and defined)?$/, '')
}

// One alternation, first match wins. Every repetition is bounded and begins at a boundary, so that the work stays linear.
const variable = new RegExp(
  [
    String.raw`(?<url>\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s"'<>()\[\]{},]{1,2000})`,
    String.raw`(?<email>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,6})`,
    String.raw`(?<uuid>\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b)`,
    String.raw`(?<data>%?\{[^{}"]{0,40}(?:"|=|:)[^{}]{0,4000}\})`,
    String.raw`(?<quoted>"[^"\n]{0,2000}"|(?<![\w])'[^'\n]{0,2000}'(?!\w)|\x60[^\x60\n]{0,2000}\x60)`,
    String.raw`(?<path>(?<![\w.~)/-])(?:\.{0,2}|~)\/(?:[\w.@%+=~:-]{1,255}\/){0,40}[\w.@%+=~*-]{0,255}(?:\?[^\s"']{0,1000})?|\b[A-Za-z]:\\[^\s"'<>|*?]{1,1000})`,
    String.raw`(?<time>\b\d{4}-\d{2}-\d{2}(?:[T ]\d{1,2}:[\d:.]{2,15}(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)?|\b\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?\b|\b\d{1,2}[./]\d{1,2}[./]\d{4}\b)`,
    String.raw`(?<address>(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d{1,5})?(?![\w.]\w)|\[?\b(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{1,4}(?!\w)\]?(?::\d{1,5}(?!\d))?|(?<![\w.-])(?:[a-z0-9-]{1,63}\.){1,8}(?:com|net|org|io|dev|cloud|internal|local|localdomain|test|example|lan|corp|svc|de|eu|uk|fr|app|arpa)(?::\d{1,5})?(?![\w.(])|\b(?:localhost|[a-z][a-z0-9-]{1,62}):\d{2,5}\b)`,
    String.raw`(?<hex>\b0x[0-9a-fA-F]{1,64}\b|(?<![\w-])(?=[0-9a-f]{0,63}\d)(?=\d{0,63}[a-f])[0-9a-f]{8,128}(?![\w-])|(?<![\w-])(?=[0-9A-F]{0,63}\d)(?=\d{0,63}[A-F])[0-9A-F]{8,128}(?![\w-]))`,
    String.raw`(?<span>(?<![\w.])\d{1,15}(?:[.,]\d{1,9})?\s?(?:ms|msec|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|days?|us|µs|μs|ns|Sekunden|Millisekunden|Minuten)\b)`,
    String.raw`(?<id>\beyJ[\w-]{5,2000}(?:\.[\w-]{1,4000}){0,2}|(?<![\w.])[A-Za-z][A-Za-z0-9]{0,30}(?:[-_#][A-Za-z0-9]{1,40}){0,8}[-_#]\d[\w-]{0,80}|(?<![\w.-])[A-Za-z0-9+/_-]{20,512}={0,2}(?![\w-]))`,
    String.raw`(?<number>(?<![\w.])[-+]?\d{1,30}(?:[.,]\d{1,30}){0,6}(?![\w])|(?<=[#<:=-])\d{1,30})`,
  ].join('|'),
  'g',
)

type Groups = Partial<
  Record<
    'url' | 'email' | 'uuid' | 'data' | 'quoted' | 'path' | 'time' | 'address' | 'hex' | 'span' | 'id' | 'number',
    string
  >
>

function replace(match: string, ...rest: unknown[]): string {
  const groups = rest.at(-1) as Groups
  const text = String(rest.at(-2))
  const at = Number(rest.at(-3))
  if (groups.number !== undefined) return isCode(match, text, at) ? match : '<n>'
  if (groups.quoted !== undefined) return quoted(match, text.slice(Math.max(0, at - 24), at))
  if (groups.url !== undefined) return url(match)
  if (groups.path !== undefined) return match.length < 3 || !/\w/.test(match) ? match : path(match)
  if (groups.id !== undefined) return identifier(match)
  if (groups.email !== undefined) return '<email>'
  if (groups.uuid !== undefined) return '<id>'
  if (groups.data !== undefined) return '<data>'
  if (groups.time !== undefined) return '<time>'
  if (groups.address !== undefined) return '<host>'
  if (groups.hex !== undefined) return '<hex>'
  return '<duration>'
}

const httpStatus = /^(?:4(?:0\d|1[0-8]|2[1-9]|31|51)|5(?:0\d|1[01]))$/

/** A status or error code names the failure; any other number is a value. */
function isCode(number: string, text: string, at: number): boolean {
  if (number.length > 6 || !/^\d+$/.test(number)) return false
  const before = text.slice(Math.max(0, at - 24), at)
  if (
    /(?:errno|error code|err|status(?: code)?|statuscode|sqlstate|signal|exit(?:ed)?(?: with)?(?: code| status)?|os error|http(?:\/\d(?:\.\d)?)?|code|error)[ :=([#]{1,3}$/i.test(
      before,
    )
  )
    return true
  return (
    httpStatus.test(number) &&
    !/(?:line|column|col|position|pos|offset|char|bytes?|port|size|length|id|count|attempts?|after|of|no|nr|number|order|row|index|total|amount)[ :=#.(]{1,3}$|[-#/]$/i.test(
      before,
    )
  )
}

const sourceFile = /\.(?:js|cjs|mjs|ts|tsx|jsx|py|rb|php|pm|pl|go|rs|java|kt|scala|cs|fs|ex|exs|erl)$/

/** The fixed beginning of a path says which resource it is about; what follows says which one of them. */
function path(text: string): string {
  const steady = text.replace(/[?#][^]*$/, '').replaceAll('\\', '/')
  const parts = steady.split('/')
  const last = parts.at(-1) ?? ''
  if (sourceFile.test(last)) return `<path>/${last}`
  let kept = ''
  for (const [index, part] of parts.entries()) {
    if (part === '' && index === 0) continue
    if (part === '') break
    if (!/^(?:[a-z][a-z_-]{0,23}|v\d|api)$/.test(part)) {
      const dot = last.lastIndexOf('.')
      const extension = dot > 0 && /^\.[a-z]{1,5}$/.test(last.slice(dot)) ? last.slice(dot) : ''
      return `${kept}/<*>${extension}`
    }
    kept += `/${part}`
  }
  return kept
}

// What parsers and databases say in front of the text they were given.
const valued =
  /\b(?:string|value|literal|parsing|parse|convert|entry|got|received|input_value|base \d{1,2})[:=() ]{1,4}$|\b(?:integer|float|double|decimal|boolean|uuid|date|timestamp)(?:\(\))?: $/i

/** A name in quotes is what the message is about; anything else in quotes is a value. */
function quoted(match: string, before: string): string {
  const quote = match[0] ?? '"'
  const inside = match.slice(1, -1)
  if (inside === '') return match
  if (/^[a-z][a-z0-9+.-]{1,15}:\/\//.test(inside)) return `${quote}${url(inside)}${quote}`
  if (/^(?:\/[\w.]|[A-Za-z]:\\)/.test(inside) && !inside.includes(' ')) return `${quote}${path(inside)}${quote}`
  const named =
    inside.length <= 120 &&
    /^(?:[A-Za-z_$@:][\w$.:\-<>()[\] ,*&?!\\/=']*|<[\w$. ]+>)$/.test(inside) &&
    !valued.test(before) &&
    // Two or three capitals are a code of a country or a currency.
    !/\d{2}|[A-Za-z]-\d|\d-|^[A-Z]{2,3}$/.test(inside) &&
    inside.split(' ').length <= 4
  return named ? match : `${quote}<str>${quote}`
}

function url(text: string): string {
  return `<url>${path(text.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/, ''))}`
}

const codes =
  /^(?:ORA|PLS|TNS|SQL|SQLSTATE|HTTP|UTF|ISO|SHA|AES|RSA|TLS|SSL|CVE|RFC|DB|ERR|WSA|HRESULT|MD|BASE|IPV|X|CP|WINDOWS|LATIN)[-_]?\d/i

/** Keeps `ORA-01400` and `UTF-8`, names of classes and constants; replaces `ord-123`, `HikariPool-1` and base64. */
function identifier(match: string): string {
  if (codes.test(match)) return match
  if (!/\d/.test(match)) return /^[A-Za-z][A-Za-z_]*$|[-_/]/.test(match) || match.length < 40 ? match : '<id>'
  if (/^[A-Z][A-Za-z]+\d?$/.test(match)) return match
  return '<id>'
}
