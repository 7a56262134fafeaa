import type { RuleConfig } from './cause-rules.ts'
import { globMatcher } from './glob.ts'
import type { MaskingConfig } from './masking.ts'
import { isSecretName } from './secret-names.ts'

interface Named {
  readonly field: 'per' | 'title'
  readonly header: string
}

/** Headers whose values a rule of causes writes into titles, which everybody reads. */
export function headersInTitles({
  per,
  title,
}: {
  readonly per?: string | null | undefined
  readonly title?: string | null | undefined
}): readonly Named[] {
  const ofTitle = Array.from((title ?? '').matchAll(/\{header:([^{}]{1,200})\}/g), ([, header = '']): Named => {
    return { field: 'title', header }
  })
  return per?.startsWith('header:') ? [{ field: 'per', header: per.slice('header:'.length) }, ...ofTitle] : ofTitle
}

/** Whether somebody is not shown values of a header, in whatever queue: titles are read beyond theirs. */
export function isMaskedHeader({ rules, defaults }: MaskingConfig, header: string): boolean {
  const isNamed = rules.some((rule) => rule.header !== undefined && globMatcher(rule.header)(header))
  return isNamed || (defaults && isSecretName(header))
}

/** What the rules of a file say against its masking. */
export function namedHeaderIssues(
  rules: readonly RuleConfig[],
  masking: MaskingConfig,
): readonly { readonly path: readonly string[]; readonly message: string }[] {
  return rules.flatMap((rule, at) =>
    headersInTitles(rule)
      .filter(({ header }) => isMaskedHeader(masking, header))
      .map(({ field, header }) => ({
        path: ['causes', 'rules', String(at), field],
        message: `values of the header ${header} are masked, and titles of causes would show them`,
      })),
  )
}
