import { type TSchema, Type } from 'typebox'
import { words } from './queue-document.ts'

/** A rule about which letters belong together; read further by `causes/`. */
export interface RuleConfig {
  readonly name: string
  /** @default every queue */
  readonly queue?: string
  readonly where: readonly string[]
  readonly per?: string
  readonly title?: string
}

export const causesSchema: TSchema = Type.Object(
  {
    rules: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: words(100, 'Its name, once in the file.'),
            queue: Type.Optional(words(600, 'Only letters of this queue; default every queue.')),
            where: Type.Array(words(300, 'As class=Timeout*, message~no slot, header:tenant=acme.'), {
              description:
                'All have to match: class, message, frame, reason, consumer, tier or header:NAME, then = and a pattern (* stands for any text) or ~ and what it holds.',
              minItems: 1,
              maxItems: 10,
            }),
            per: Type.Optional(words(210, 'One cause for each value of this field, as header:tenant; at most fifty.')),
            title: Type.Optional(
              words(
                160,
                'Of its causes: {rule}, {value}, {queue}, {consumer}, {tier}, {class}, {message}, {reason}, {header:NAME}.',
              ),
            ),
          },
          { additionalProperties: false },
        ),
        { description: 'The first that matches names the cause, before those made by API.', maxItems: 100 },
      ),
    ),
  },
  {
    additionalProperties: false,
    description: 'Which letters belong together, where the office is to see it otherwise.',
  },
)

const condition = /^(?:(?:class|message|frame|reason|consumer|tier)[=~].|header:[^=~]{1,200}(?:$|[=~].))/su
const perField = /^(?:class|reason|consumer|tier|header:[^=~]{1,200})$/u
const placeholders =
  /\{(?!(?:rule|value|queue|consumer|tier|class|message|reason|header:[^{}]{1,200})\})[^{}]{1,210}\}/u

/** What the shapes cannot say. */
export function ruleIssues(
  rules: readonly RuleConfig[],
): readonly { readonly path: readonly string[]; readonly message: string }[] {
  return rules.flatMap(({ name, where, per, title }, at) => {
    const under = ['causes', 'rules', String(at)]
    const isAgain = rules.findIndex((rule) => rule.name === name) !== at
    const wrong = placeholders.exec(title ?? '')?.[0]
    return [
      ...(isAgain ? [{ path: [...under, 'name'], message: 'is the name of a rule before it' }] : []),
      ...where.flatMap((text, index) =>
        condition.test(text)
          ? []
          : [
              {
                path: [...under, 'where', String(index)],
                message: 'is no condition; write it as class=Timeout*, message~no slot or header:tenant=acme',
              },
            ],
      ),
      ...(per === undefined || perField.test(per)
        ? []
        : [{ path: [...under, 'per'], message: 'must be class, reason, consumer, tier or header:NAME' }]),
      ...(wrong === undefined ? [] : [{ path: [...under, 'title'], message: `${wrong} stands for nothing` }]),
    ]
  })
}
