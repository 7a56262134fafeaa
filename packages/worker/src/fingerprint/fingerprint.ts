import { hash } from 'node:crypto'
import { clean } from './clean.ts'
import { parseStack } from './parse-stack.ts'
import type { FingerprintInput, Shape } from './shape.ts'
import { shapeOf } from './shape.ts'

/** Goes up when the same failure would get another key. */
export const fingerprintVersion: number = 1

/** Why a letter is where it is. */
export interface Fingerprint {
  readonly version: number
  /** 32 hexadecimal digits: SHA-256, first half, of the version and `parts`. */
  readonly key: string
  readonly basis: 'frames' | 'message' | 'reason' | 'nothing'
  /** Queue, consumer and tier: letters of different scopes never share a cause. */
  readonly scope: string
  /** The very inputs of the key. */
  readonly parts: Readonly<Record<string, string | readonly string[]>>
  /** One line for people, at most 160 characters. */
  readonly title: string
  /** Message of the innermost error with what varies replaced by `<placeholders>`. */
  readonly template: string
  /** What is compared when no cause has this very key. */
  readonly shape: Shape
}

/**
 * Says by which cause a failure is to be grouped. Pure, deterministic, independent of locale; takes any input without throwing;
 * reads at most 64 KiB of stack and 8 KiB of message, in linear time.
 */
export function fingerprint(input: FingerprintInput): Fingerprint {
  const parsed = input.stack === null || input.stack === '' ? { levels: [], cut: false } : parseStack(input.stack)
  const shape = shapeOf(input, parsed)
  const inner = shape.errors.at(-1) ?? { errorClass: null, template: null }
  const outer = shape.errors[0] ?? inner
  const said = shape.errors.some(({ errorClass, template }) => errorClass !== null || template !== null)
  const basis = shape.frames.length > 0 ? 'frames' : said ? 'message' : input.reason ? 'reason' : 'nothing'
  const scope = { queue: clip(input.queue), consumer: clip(input.consumer ?? ''), tier: input.tier ?? '' }
  const parts: Record<string, string | readonly string[]> = { ...scope, basis }
  if (basis === 'reason') parts['reason'] = clip(input.reason ?? '')
  if (said) {
    parts['errorClass'] = inner.errorClass ?? ''
    parts['template'] = inner.template ?? ''
    if (outer !== inner) parts['thrown'] = [outer.errorClass ?? '', outer.template ?? '']
  }
  if (shape.frames.length > 0) parts['frames'] = shape.frames
  return {
    version: fingerprintVersion,
    key: digest(parts),
    basis,
    scope: digest(scope),
    parts,
    title: titleOf(basis, inner.errorClass ?? outer.errorClass, inner.template ?? outer.template, input.reason ?? null),
    template: inner.template ?? '',
    shape,
  }
}

function digest(parts: Readonly<Record<string, string | readonly string[]>>): string {
  return hash('sha256', JSON.stringify([fingerprintVersion, parts]), 'hex').slice(0, 32)
}

function clip(text: string): string {
  return clean(text, 512)
}

function titleOf(
  basis: Fingerprint['basis'],
  errorClass: string | null,
  template: string | null,
  reason: string | null,
): string {
  if (basis === 'reason') return clean(`dead: ${reason}`, 160)
  if (basis === 'nothing') return 'no error given'
  const text = [errorClass, template?.split('\n')[0]].filter((part) => part).join(': ')
  const line = text === '' ? 'unnamed error' : text
  return line.length <= 160 ? line : `${clean(line, 159)}…`
}
