import { createContext, Script } from 'node:vm'
import { Errors } from 'typebox/schema'

/**
 * Why a body does not fit the JSON Schema of its queue, or `null`. The schema sees values: numbers beyond 2^53 rounded, of two equal keys
 * the last. The bytes themselves are not touched.
 * @param schema as text; the configuration takes only JSON
 * @param maxMs longest it may take: a pattern of the schema over a hostile text could take for ever
 */
export function bodyProblem(schema: string, body: Buffer | null, { maxMs = 250 } = {}): string | null {
  if (body === null) return 'its queue has a schema, and it would have no body'
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    return 'its queue has a schema, and its body would be no JSON'
  }
  const compiled = schemaOf(schema)
  try {
    const [fits, errors] = compiled.isQuick
      ? Errors(compiled.schema, value)
      : withinTime(maxMs, () => Errors(compiled.schema, value))
    if (fits) return null
    const { instancePath = '', message = 'it does not fit' } = errors[0] ?? {}
    return `it would not fit the schema of its queue: ${instancePath === '' ? 'the document' : JSON.stringify(instancePath)} ${message}`.slice(
      0,
      500,
    )
  } catch (error) {
    if (error instanceof RangeError) return 'the schema of its queue goes round in circles'
    if (error instanceof SyntaxError) return 'the schema of its queue has a pattern that is none'
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      return `to check it against the schema of its queue takes longer than ${maxMs} ms`
    throw error
  }
}

interface Compiled {
  readonly schema: object
  /** Nothing in it takes longer than the body is long. */
  readonly isQuick: boolean
}

const compiled = new Map<string, Compiled>()

function schemaOf(text: string): Compiled {
  const known = compiled.get(text)
  if (known !== undefined) return known
  if (compiled.size >= 100) compiled.clear()
  const schema = JSON.parse(text) as object
  // Written anew, for escapes may hide a word.
  const isQuick = !slowWords.test(JSON.stringify(schema))
  const made = { schema, isQuick }
  compiled.set(text, made)
  return made
}

const slowWords = /"(pattern|patternProperties|format|uniqueItems|\$ref|\$dynamicRef|\$recursiveRef)"/

const room = createContext({ work: undefined })
const doWork = new Script('work()')

/** The engine's own watch over a script: it also ends a regular expression. */
function withinTime<T>(maxMs: number, work: () => T): T {
  room['work'] = work
  try {
    return doWork.runInContext(room, { timeout: maxMs }) as T
  } finally {
    room['work'] = undefined
  }
}
