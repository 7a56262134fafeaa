import { headersInTitles, isMaskedHeader, type MaskingConfig } from '../config/index.ts'
import { maskerOf } from './masker.ts'

/** For a rule of causes: its headers whose values titles may not show, each with what a letter shows in their place. */
export function titleMarksOf(
  masking: MaskingConfig,
): (rule: { readonly per: string | null; readonly title: string | null }) => ReadonlyMap<string, string> {
  const masker = maskerOf(masking, 'nobody')
  return (rule) =>
    new Map(
      headersInTitles(rule)
        .filter(({ header }) => isMaskedHeader(masking, header))
        .map(({ header }) => [header, masker?.named(`header:${header}`, '', null) ?? '']),
    )
}
