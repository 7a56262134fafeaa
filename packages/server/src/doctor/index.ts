export { type Diagnosis, examine } from './examine.ts'
export { type Finding, findingCodes, severities } from './finding.ts'
export type { DiskSpace } from './office-findings.ts'
export { shownOf } from './shown.ts'
