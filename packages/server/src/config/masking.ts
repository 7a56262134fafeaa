import { type TSchema, Type } from 'typebox'
import { words } from './queue-document.ts'

/** Forms of values that are found wherever they stand. */
export const patternNames = ['email', 'card-number', 'iban', 'jwt', 'secret-key', 'private-key'] as const
export type PatternName = (typeof patternNames)[number]

/** What a rule names: exactly one of `path`, `header`, `part` and `pattern`. */
export interface NamingRule {
  /** In JSON bodies, keys and headers: `$.customer.email`, `**.email`; `*` stands for any text of one name, arrays are looked through. */
  readonly path?: string
  /** Headers of this name; `*` stands for any text. */
  readonly header?: string
  readonly part?: 'key' | 'body'
  readonly pattern?: PatternName
  /** Only letters of queues of these names; `*` stands for any text. @default every queue */
  readonly queues?: readonly string[]
}

/** What is not to be seen. */
export interface MaskRule extends NamingRule {
  /** `operator`: operators see it without asking. @default nobody, until an operator reveals a letter */
  readonly showTo?: 'operator'
}

export interface MaskingConfig {
  readonly rules: readonly MaskRule[]
  /** Members and headers whose names say that they are secret, tokens and keys. @default true */
  readonly defaults: boolean
}

/** What is never kept. */
export interface RedactionConfig {
  readonly rules: readonly NamingRule[]
}

export const defaultMasking: MaskingConfig = { rules: [], defaults: true }
export const defaultRedaction: RedactionConfig = { rules: [] }

const naming = {
  path: Type.Optional(
    words(
      300,
      'In JSON bodies, keys and headers: $.customer.email from the top, **.email at any depth; * stands for any text of one name. Arrays are looked through.',
    ),
  ),
  header: Type.Optional(words(200, 'Headers of this name; * stands for any text.')),
  part: Type.Optional(Type.Enum(['key', 'body'], { description: 'The whole of it.' })),
  pattern: Type.Optional(Type.Enum([...patternNames], { description: 'What looks like one, wherever it stands.' })),
  queues: Type.Optional(
    Type.Array(words(600, 'A name; * stands for any text.'), {
      description: 'Only letters of these queues; default all.',
      minItems: 1,
      maxItems: 100,
    }),
  ),
}
const oneOf = { description: 'Each has exactly one of path, header, part and pattern.', maxItems: 100 }
const closed = { additionalProperties: false }

export const maskingSchema: TSchema = Type.Object(
  {
    defaults: Type.Optional(
      Type.Boolean({
        description:
          'Members of JSON and headers whose names say that they are secret (password, token, cookie …), and what looks like a JWT, a secret key or a private key.',
        default: true,
      }),
    ),
    rules: Type.Optional(
      Type.Array(
        Type.Object(
          {
            ...naming,
            showTo: Type.Optional(
              Type.Enum(['operator'], {
                description:
                  'operator: operators see it without asking. Without it nobody does until an operator reveals the letter.',
              }),
            ),
          },
          closed,
        ),
        oneOf,
      ),
    ),
  },
  {
    additionalProperties: false,
    description: 'What is not shown, to whom. What is stored, edited and replayed are the true bytes.',
  },
)

export const redactionSchema: TSchema = Type.Object(
  { rules: Type.Optional(Type.Array(Type.Object(naming, closed), oneOf)) },
  {
    ...closed,
    description:
      'What is never kept: it is replaced before a letter is stored, and cannot be brought back. Such a letter is replayed only once somebody edited it.',
  },
)

const kinds = ['path', 'header', 'part', 'pattern'] as const
const path = /^(?:\$|(?:\$|\*\*)(?:\.[^.[\]]+(?:\[\*?\])?)+)$/u

/** What the shapes cannot say. */
export function maskingIssues(
  rules: readonly NamingRule[],
  section: 'masking' | 'redaction' = 'masking',
): readonly { readonly path: readonly string[]; readonly message: string }[] {
  return rules.flatMap((rule, at) => {
    const under = [section, 'rules', String(at)]
    const given = kinds.filter((kind) => rule[kind] !== undefined)
    const wrong =
      given.length === 1 ? [] : [{ path: under, message: 'must have exactly one of path, header, part and pattern' }]
    const isPath = rule.path === undefined || path.test(rule.path)
    return isPath
      ? wrong
      : [...wrong, { path: [...under, 'path'], message: 'must look like $.customer.email or **.email' }]
  })
}
