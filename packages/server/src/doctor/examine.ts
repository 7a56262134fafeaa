import { type CapPolicy, noCap } from '../config/index.ts'
import type { SourceExpiry } from '../expiry/index.ts'
import type { Store } from '../store/store.ts'
import { type AutomaticState, automaticFindings } from './automatic-findings.ts'
import { capFindings } from './cap-findings.ts'
import { causeFindings } from './cause-findings.ts'
import { erasureFindings } from './erasure-findings.ts'
import { expiryFindings } from './expiry-findings.ts'
import { checks, type Finding, type FindingCode, findingCodes, severities } from './finding.ts'
import { uncertainFindings, untouchedFindings } from './letter-findings.ts'
import { lineFindings } from './line-findings.ts'
import { bookFindings, type CaptureState, type DiskSpace, diskFindings, sourceFindings } from './office-findings.ts'
import { queueFindings } from './queue-findings.ts'
import { retentionFindings } from './retention-findings.ts'
import { ruleFindings } from './rule-findings.ts'
import { runFindings } from './run-findings.ts'

export interface Diagnosis {
  /** The gravest first. All of them: an alert whose finding were missing would be over. */
  readonly findings: readonly Finding[]
  /** What was looked at, and how much was found of it. */
  readonly checked: readonly { readonly code: FindingCode; readonly fine: string; readonly found: number }[]
}

const ofExpiry: readonly FindingCode[] = ['source-expiring', 'source-keeps-short', 'source-expiry-unknown']

/** Looks for what is wrong or looked after by nobody. Reads books and what is outstanding; counts no letters beyond some thousand of a queue. */
export async function examine(
  store: Store,
  office: {
    readonly unaccounted: number
    readonly captures: readonly CaptureState[]
    /** What brokers said last of how long they keep. @default not looked at */
    readonly expiry?: readonly SourceExpiry[]
    /** How much a queue keeps that says nothing else. @default no cap */
    readonly most?: CapPolicy
    /** What is replayed without a person. @default not looked at */
    readonly automatic?: readonly AutomaticState[]
    /** `null`: the database is elsewhere. */
    readonly disk: DiskSpace | null
    readonly olderThanDays: number
    readonly nowMs: number
  },
): Promise<Diagnosis> {
  const { queues, findings: ofQueues } = await queueFindings(store)
  const { olderThanDays, nowMs } = office
  const found: readonly Finding[] = [
    ...bookFindings(office.unaccounted),
    ...(await sourceFindings(store, office.captures)),
    ...(office.expiry === undefined ? [] : await expiryFindings(store, { ...office, expiry: office.expiry })),
    ...(await capFindings(store, { most: office.most ?? noCap, expiry: office.expiry ?? [], nowMs })),
    ...diskFindings(office.disk),
    ...(await retentionFindings(store)),
    ...(await erasureFindings(store)),
    ...(await runFindings(store, nowMs)),
    ...automaticFindings(office.automatic ?? [], nowMs),
    ...(await uncertainFindings(store, queues)),
    ...(await lineFindings(store, { olderThanDays, nowMs })),
    ...(await causeFindings(store, { nowMs })),
    ...(await ruleFindings(store)),
    ...(await untouchedFindings(store, { queues, olderThanDays, nowMs })),
    ...ofQueues,
  ]
  const byCode = Map.groupBy(found, ({ code }) => code)
  const all = findingCodes.flatMap((code) => byCode.get(code) ?? [])
  return {
    findings: all.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity)),
    checked: findingCodes
      .filter((code) => code !== 'disk-nearly-full' || office.disk !== null)
      .filter((code) => office.expiry !== undefined || !ofExpiry.includes(code))
      .map((code) => ({ code, fine: checks[code], found: byCode.get(code)?.length ?? 0 })),
  }
}
