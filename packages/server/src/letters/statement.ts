import type { Bind, Fragment } from './conditions.ts'

/** Collects the parameters of one statement. */
export class Statement {
  readonly parameters: unknown[] = []
  readonly bind: Bind = (value) => `$${this.parameters.push(value)}`

  /** The fragments joined by `and`; `true` without any. */
  readonly all: (fragments: readonly Fragment[]) => string = (fragments) =>
    fragments.length === 0 ? 'true' : fragments.map((fragment) => fragment(this.bind)).join(' and ')
}
