import type { TSchema } from 'typebox'
import { Check, Convert, Errors } from 'typebox/value'

/** The value as its schema wants it, or what is wrong with its form. Never quotes the value. */
export type Validated = { readonly value: unknown } | { readonly error: Error }

/**
 * Checks one part of a request. Text in addresses becomes numbers where the schema asks for them; a body is taken as it is: `"5"` is no
 * number there and `null` no zero.
 */
export function validate(
  schema: TSchema,
  part: 'body' | 'querystring' | 'params' | 'headers',
  given: unknown,
): Validated {
  const value = part === 'body' ? given : Convert(schema, structuredClone(given ?? {}))
  if (Check(schema, value)) return { value }
  const error = Errors(schema, value).find(({ keyword }) => keyword !== 'boolean')
  const where = `${names[part]}${error?.instancePath.replaceAll('/', '.') ?? ''}`
  return {
    error: Object.assign(new Error(`${where} ${error === undefined ? 'is not valid' : complaint(error)}`), {
      statusCode: 400,
    }),
  }
}

const names = { body: 'body', querystring: 'query', params: 'address', headers: 'headers' } as const

function complaint({ keyword, message, params }: { keyword: string; message: string; params: object }): string {
  if (keyword !== 'additionalProperties' || !('additionalProperties' in params)) return message
  const unknown = params.additionalProperties as readonly string[]
  return `has fields that nobody knows: ${unknown
    .slice(0, 5)
    .map((name) => JSON.stringify(name.slice(0, 40)))
    .join(', ')}`
}
