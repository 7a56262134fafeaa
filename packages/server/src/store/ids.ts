import { RedriveError } from '@redrive/worker'

/**
 * What people see instead of UUIDs and 64-bit numbers: a letter for the kind and Crockford's base32 in lower case, which has no
 * letters that look like digits and survives a double click, a shell and a telephone.
 * @see https://www.crockford.com/base32.html
 */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** `l_` + 26 characters, from a UUID in its usual form. */
export const showLetterId = (uuid: string): string => showUuid('l_', uuid)
export const showPlanId = (uuid: string): string => showUuid('p_', uuid)
export const showRunId = (uuid: string): string => showUuid('r_', uuid)
export const showTransformId = (uuid: string): string => showUuid('t_', uuid)
export const showDiscardId = (uuid: string): string => showUuid('d_', uuid)
/** Of the rules of causes: what groups. */
export const showRuleId = (uuid: string): string => showUuid('g_', uuid)
export const showAlertId = (uuid: string): string => showUuid('a_', uuid)
export const showPassId = (uuid: string): string => showUuid('e_', uuid)
export const showErasureId = (uuid: string): string => showUuid('z_', uuid)
export const showArchiveId = (uuid: string): string => showUuid('x_', uuid)

/** The UUID of what `showLetterId` wrote, in any case. @throws NOT_FOUND for anything else */
export const parseLetterId = (text: string): string => parseUuid('l_', text)
export const parsePlanId = (text: string): string => parseUuid('p_', text)
export const parseRunId = (text: string): string => parseUuid('r_', text)
export const parseTransformId = (text: string): string => parseUuid('t_', text)
export const parseDiscardId = (text: string): string => parseUuid('d_', text)
export const parseRuleId = (text: string): string => parseUuid('g_', text)
export const parseAlertId = (text: string): string => parseUuid('a_', text)
export const parsePassId = (text: string): string => parseUuid('e_', text)
export const parseErasureId = (text: string): string => parseUuid('z_', text)
export const parseArchiveId = (text: string): string => parseUuid('x_', text)

/** `c_` + 13 characters, from the signed 64-bit number (PostgreSQL gives it as text). */
export function showCauseId(id: bigint | string): string {
  return `c_${encode(BigInt.asUintN(64, BigInt(id)), 13)}`
}

/** The signed 64-bit number of what `showCauseId` wrote, in any case. @throws NOT_FOUND for anything else */
export function parseCauseId(text: string): bigint {
  return BigInt.asIntN(64, decode(text, { prefix: 'c_', digits: 13, bits: 64n }))
}

function showUuid(prefix: string, uuid: string): string {
  return prefix + encode(BigInt(`0x${uuid.replaceAll('-', '')}`), 26)
}

function parseUuid(prefix: string, text: string): string {
  const hex = decode(text, { prefix, digits: 26, bits: 128n }).toString(16).padStart(32, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

function encode(number: bigint, digits: number): string {
  let text = ''
  for (let rest = number; text.length < digits; rest >>= 5n) text = alphabet.charAt(Number(rest & 31n)) + text
  return text
}

function decode(
  text: string,
  form: { readonly prefix: string; readonly digits: number; readonly bits: bigint },
): bigint {
  const lower = text.toLowerCase()
  const digits = lower.slice(form.prefix.length).replaceAll('o', '0').replaceAll(/[il]/g, '1')
  let number = 0n
  let valid = lower.startsWith(form.prefix) && digits.length === form.digits
  for (const character of valid ? digits : '') {
    const digit = alphabet.indexOf(character)
    valid &&= digit >= 0
    number = (number << 5n) | BigInt(Math.max(0, digit))
  }
  if (valid && number >> form.bits === 0n) return number
  throw new RedriveError(
    'NOT_FOUND',
    `there is no id like that: ids here start with ${form.prefix} and have ${form.digits} characters`,
    {
      hint: 'Copy the id from a list; it is never shortened.',
    },
  )
}
