import type { CauseAddition } from '../store/causes.ts'
import { diedAtMs, hourOfMs } from '../store/died-at.ts'
import type { PlacedLetter } from './recognise-letter.ts'

/** Counts a letter on a cause of its batch. */
export function addToCause(causes: Map<bigint, CauseAddition>, letter: PlacedLetter, causeId: bigint): void {
  const { facts } = letter.read
  const diedMs = diedMsOf(letter)
  let cause = causes.get(causeId)
  if (cause === undefined || cause.letters === 0) {
    cause = newCause(letter, { id: causeId, led: letter.led })
    causes.set(causeId, cause)
  }
  cause.letters++
  cause.firstSeenMs = Math.min(cause.firstSeenMs, diedMs)
  cause.lastSeenMs = Math.max(cause.lastSeenMs, diedMs)
  const hour = hourOfMs(diedMs)
  cause.hours.set(hour, (cause.hours.get(hour) ?? 0) + 1)
  if (facts.release !== undefined) count(cause.facets, `release ${facts.release}`)
  if (facts.host !== undefined) count(cause.facets, `host ${facts.host}`)
}

function diedMsOf({ idText: id, read: { facts }, delivery: { message } }: PlacedLetter): number {
  return diedAtMs({ id, lastFailedAtMs: facts.lastFailedAtMs, timestampMs: message.timestampMs })
}

/** A cause without letters yet: of a rule, or where the algorithm put the letter. */
export function newCause(
  letter: PlacedLetter,
  { id, led }: { readonly id: bigint; readonly led: PlacedLetter['led'] },
): CauseAddition {
  const { fingerprint, queue, idText } = letter
  const { facts } = letter.read
  const own = {
    key: letter.home,
    title: fingerprint.title,
    errorClass: facts.errorClass ?? null,
    template: fingerprint.template === '' ? null : fingerprint.template,
    version: fingerprint.version,
    basis: fingerprint.basis,
    parts: fingerprint.parts,
    rule: null,
  }
  const { key, title, errorClass, template, version, basis, parts, rule } = led ?? own
  const diedMs = diedMsOf(letter)
  return {
    id,
    queueId: queue.id,
    consumer: facts.consumer ?? null,
    tier: facts.tier ?? 'unknown',
    title,
    errorClass,
    template,
    fingerprintVersion: version,
    fingerprintKey: Buffer.from(key, 'hex'),
    basis,
    parts,
    ruleId: rule,
    sampleLetter: idText,
    letters: 0,
    firstSeenMs: diedMs,
    lastSeenMs: diedMs,
    hours: new Map(),
    facets: new Map(),
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
