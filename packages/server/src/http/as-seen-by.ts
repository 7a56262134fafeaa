import { RedriveError } from '@redrive/worker'
import { Type } from 'typebox'
import type { Holder, Role } from '../access/index.ts'
import { recordAudit } from '../audit/index.ts'
import { parseQuery } from '../letters/index.ts'
import { type Masker, maskerOf } from '../masking/index.ts'
import type { OfficeServices } from './route.ts'
import { said } from './schemas.ts'

/** @throws FORBIDDEN */
export function refuseRole({ role, name }: Holder, needs: Role): void {
  if (role === 'operator' || needs === 'viewer') return
  throw new RedriveError('FORBIDDEN', `The token ${name} is a viewer's: it looks, and changes nothing.`, {
    hint: 'Ask an operator, or make another token: redrive token create NAME --role operator',
  })
}

/** Makes what masks for whoever holds a token. */
export function maskersFor(
  { masking }: Pick<OfficeServices, 'masking'>,
  { role }: Holder,
): (options?: { readonly isNumbered?: boolean }) => Masker | null {
  return (options) => maskerOf(masking, role, options)
}

/** Of a route that can show a letter as it is. */
export const revealQuery = {
  reveal: Type.Optional(
    said(
      2_000,
      'Why masked values are to be shown; for operators, and kept in the audit trail with the name of the token.',
    ),
  ),
}

/** Notes that somebody has a letter shown as it is, before it is. @returns whether it is @throws FORBIDDEN for viewers */
export async function reveal(
  office: OfficeServices,
  {
    holder,
    params,
    query,
    path,
  }: {
    readonly holder: Holder
    readonly params: { readonly id?: string } | undefined
    readonly query: { readonly reveal?: string } | undefined
    readonly path: string
  },
): Promise<boolean> {
  const reason = query?.reveal
  if (reason === undefined) return false
  refuseRole(holder, 'operator')
  await office.store.transaction((client) =>
    recordAudit(client, {
      actor: `token ${holder.name}`,
      action: 'letter.reveal',
      target: params?.id ?? '',
      reason,
      details: { what: path },
    }),
  )
  return true
}

/** A search that finds by what is masked would tell it, letter by letter. @throws FORBIDDEN, QUERY_INVALID */
export function refuseGuess(masker: Masker | null, query: string): void {
  if (masker?.audience !== 'viewer') return
  for (const condition of parseQuery(query).conditions) {
    const isInside = condition.field === 'text' || condition.field === 'key' || condition.field === 'error'
    const isMasked = 'values' in condition && condition.values.some((value) => masker.text(value, null) !== value)
    if (!isInside && !isMasked) continue
    throw new RedriveError(
      'FORBIDDEN',
      `A viewer cannot search by ${isInside && condition.field !== 'text' ? `${condition.field}:` : 'words'}: whoever finds a letter by what is masked in it knows it.`,
      {
        hint: 'Search by queue:, cause:, tier:, state:, consumer:, release:, host:, attempts: or age:; or ask an operator.',
      },
    )
  }
}
