import type { Finding } from '../../doctor/index.ts'

/** What a broker that is restarted, or a notice of it that comes late, looks like for a moment. */
const passing: readonly Finding['code'][] = ['source-in-trouble']

/** Findings of one look after another: those that may pass by themselves count once two looks in a row found them. */
export function lastingFindings(find: () => Promise<readonly Finding[]>): () => Promise<readonly Finding[]> {
  let before: ReadonlySet<string> = new Set()
  return async () => {
    const found = await find()
    const was = before
    before = new Set(found.filter(({ code }) => passing.includes(code)).map(placeOf))
    return found.filter((finding) => !passing.includes(finding.code) || was.has(placeOf(finding)))
  }
}

/** The place that a finding is about, whatever its state is just now. */
export function placeOf({ what }: Pick<Finding, 'what'>): string {
  return what.replace(/:[^:]*$/, '')
}
