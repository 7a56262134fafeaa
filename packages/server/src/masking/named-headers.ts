import { RedriveError } from '@redrive/worker'
import { headersInTitles, isMaskedHeader, type MaskingConfig } from '../config/index.ts'

/**
 * Refuses a rule of causes that would write values of a masked header into titles, which everybody reads.
 * @throws REQUEST_INVALID
 */
export function refuseNamedHeaders(
  masking: MaskingConfig,
  rule: { readonly per?: string | undefined; readonly title?: string | undefined },
): void {
  const masked = headersInTitles(rule).find(({ header }) => isMaskedHeader(masking, header))
  if (masked === undefined) return
  throw new RedriveError(
    'REQUEST_INVALID',
    `Values of the header ${masked.header} are masked; titles of causes would show them.`,
    { hint: 'Take another field for per and title, or change masking in redrive.yaml.' },
  )
}
