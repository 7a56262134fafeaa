import { isEndUnknown, judgeExpiry, judgeKeeping, type SourceExpiry, spanText } from '../expiry/index.ts'
import { lossesSince } from '../store/source-losses.ts'
import type { Store } from '../store/store.ts'
import { counted, type Finding } from './finding.ts'
import type { CaptureState } from './office-findings.ts'

const dayMs = 86_400_000
/** So long a loss that is over is told of. */
const toldMs = 7 * dayMs

interface Office {
  readonly captures: readonly CaptureState[]
  /** As the brokers said last. */
  readonly expiry: readonly SourceExpiry[]
  readonly nowMs: number
}

/** What is removed at a source before it is captured, what will be, and sources that keep too briefly or do not tell. */
export async function expiryFindings(store: Store, office: Office): Promise<readonly Finding[]> {
  const losses = await lossesSince(store.pool, office.nowMs - toldMs)
  const asked = new Set(office.expiry.map(nameOf))
  const past = losses.filter(({ role, ...source }) => role === 'dead-letter' && !asked.has(nameOf(source)))
  const lostOf = (source: Named) => losses.find((loss) => nameOf(loss) === nameOf(source))
  return [
    ...office.expiry.flatMap((source) => expiring(source, { ...office, lost: lostOf(source) })),
    ...past.map((loss) => lossOf(loss, { lost: loss, gone: 0, next: 'redrive status' })),
    ...office.expiry.flatMap(keepingShort),
    ...office.expiry.flatMap(unknown),
    ...office.captures.filter((capture) => capture.role === 'dead-letter' && !asked.has(nameOf(capture))).map(notAsked),
  ]
}

type Named = Pick<SourceExpiry, 'broker' | 'place'>
type Lost = Awaited<ReturnType<typeof lossesSince>>[number] | undefined

function nameOf({ broker, place }: Named): string {
  return `${place} on ${broker}`
}

function expiring(
  source: SourceExpiry,
  { captures, nowMs, lost }: Office & { readonly lost: Lost },
): readonly Finding[] {
  const verdict = judgeExpiry(source, nowMs)
  const longer = source.expiry?.keeps.longer ?? ''
  const next = `redrive status   (mend what keeps capture; more time gives: ${longer})`
  if ((verdict?.gone ?? 0) > 0 || lost !== undefined) return [lossOf(source, { lost, gone: verdict?.gone ?? 0, next })]
  if (verdict === null) return []
  const { waiting, leftMs, fullness, urgency } = verdict
  const name = nameOf(source)
  const full = fullness === null ? '' : `it drops the oldest above ${fullness.limit.toLocaleString('en-US')} letters`
  const what =
    leftMs === null
      ? `${counted(waiting, 'letter')} wait in ${name}, and ${full}`
      : `the oldest of ${counted(waiting, 'letter')} in ${name} is deleted there ${leftMs <= 0 ? 'any moment' : `in ${spanText(leftMs)}`}`
  const severity = urgency === 'page' ? 'problem' : 'warning'
  return [
    { code: 'source-expiring', severity, queue: null, place: name, what, why: whyWaiting(source, captures), next },
  ]
}

function whyWaiting(source: Named, captures: readonly CaptureState[]): string {
  const capture = captures.find(({ broker, place }) => broker === source.broker && place === source.place)
  if (capture === undefined) return 'this office does not capture it now'
  if (capture.state === 'running') return 'capture runs, and does not keep up with what comes'
  return `capture is ${capture.state}: ${capture.reason ?? 'the office stops'}`
}

/** Positions may be of what is no letter, of a transaction for one: there were so many at most. */
function lossOf(
  source: Named,
  { lost, gone, next }: { readonly lost: Lost; readonly gone: number; readonly next: string },
): Finding {
  const name = nameOf(source)
  const since = lost === undefined ? 'capture has not come there yet' : `noticed at ${lost.noticedAt.toISOString()}`
  return {
    code: 'source-expiring',
    severity: 'problem',
    queue: null,
    place: name,
    what: `up to ${counted(gone + (lost?.positions ?? 0), 'letter')} of ${name} were deleted there before they were captured`,
    why: `its broker removed them: they are in no count of this office; ${since}`,
    next,
  }
}

function keepingShort(source: SourceExpiry): readonly Finding[] {
  const { expiry } = source
  if (expiry === null) return []
  const name = nameOf(source)
  return judgeKeeping(expiry.keeps).map((how) => ({
    code: 'source-keeps-short' as const,
    severity: 'warning' as const,
    queue: null,
    place: name,
    what: `${name} ${how}`,
    why: 'what is not captured by then is lost; 14 days outlast a long outage',
    next: expiry.keeps.longer,
  }))
}

function notAsked(source: Named): Finding {
  const name = nameOf(source)
  const what = `how long ${name} keeps letters is not known yet`
  const why = 'its broker was not asked since the start of this office'
  return {
    code: 'source-expiry-unknown',
    severity: 'advice',
    queue: null,
    place: name,
    what,
    why,
    next: 'redrive doctor   (in a minute)',
  }
}

function unknown(source: SourceExpiry): readonly Finding[] {
  const finding = (what: string, why: string): readonly Finding[] => [
    { code: 'source-expiry-unknown', severity: 'advice', queue: null, place: nameOf(source), what, why, next },
  ]
  const name = nameOf(source)
  if (source.expiry === null) return finding(`how long ${name} keeps letters is not known`, source.why ?? '')
  return isEndUnknown(source)
    ? finding(
        `when letters in ${name} are deleted there is not known`,
        'its broker does not tell how old the oldest is',
      )
    : []
}

const next = 'see how long a source keeps, in docs/operate/doctor.md'
