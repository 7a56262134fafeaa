import { RedriveError } from '@redrive/worker'
import type { MaskingConfig } from '../config/index.ts'
import { maskerOf } from './masker.ts'

/**
 * Refuses a rule of causes that would write values of a masked header into titles, which everybody reads.
 * @throws REQUEST_INVALID, or CONFIG_INVALID for what a file says
 */
export function refuseNamedHeaders(
  masking: MaskingConfig,
  { per = '', title = '' }: { readonly per?: string | undefined; readonly title?: string | undefined },
  code: 'REQUEST_INVALID' | 'CONFIG_INVALID' = 'REQUEST_INVALID',
): void {
  const masker = maskerOf(masking, 'nobody')
  if (masker === null) return
  const names = [
    ...(per.startsWith('header:') ? [per.slice('header:'.length)] : []),
    ...Array.from(title.matchAll(/\{header:([^{}]{1,200})\}/g), ([, name = '']) => name),
  ]
  const empty = Buffer.alloc(0)
  const masked = names.find((name) => masker.header(name, empty, null) !== empty)
  if (masked === undefined) return
  throw new RedriveError(code, `Values of the header ${masked} are masked; titles of causes would show them.`, {
    hint: 'Take another field for per and title, or change masking in redrive.yaml.',
  })
}
