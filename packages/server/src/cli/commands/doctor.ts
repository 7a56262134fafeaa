import { type GlobalOptions, withOffice } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Color, Output } from '../output.ts'
import { safeLine } from '../safe-text.ts'

type Severity = 'problem' | 'warning' | 'advice'

interface Diagnosis {
  readonly findings: readonly {
    readonly code: string
    readonly severity: Severity
    readonly queue: string | null
    readonly what: string
    readonly why: string
    readonly next: string
  }[]
  readonly checked: readonly { readonly code: string; readonly fine: string; readonly found: number }[]
}

const severities: readonly Severity[] = ['problem', 'warning', 'advice']

export function doctorCommand(
  options: GlobalOptions & { readonly olderThan: number; readonly failOn?: Severity },
): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const diagnosis = await client.get<Diagnosis>('/doctor', { olderThanDays: options.olderThan })
    if (output.json) output.out(JSON.stringify(diagnosis))
    else showDiagnosis(output, diagnosis)
    const limit = severities.indexOf(options.failOn ?? 'problem')
    const isReached =
      options.failOn !== undefined && diagnosis.findings.some(({ severity }) => severities.indexOf(severity) <= limit)
    if (isReached) output.say(`reached: there is something as grave as ${options.failOn}`)
    return isReached ? exitCodes.thresholdReached : exitCodes.ok
  })
}

const colors: Readonly<Record<Severity, Color>> = { problem: 'red', warning: 'yellow', advice: 'cyan' }

function showDiagnosis(output: Output, { findings, checked }: Diagnosis): void {
  for (const { code, severity, queue, what, why, next } of findings) {
    output.out(
      `${output.paint(colors[severity], severity.padEnd(8))}${safeLine(`${queue === null ? '' : `${queue}: `}${what}`)}  ${output.paint('dim', code)}`,
    )
    output.out(`        ${safeLine(why)}`)
    output.out(`        next: ${safeLine(next)}`)
  }
  for (const { code, found } of checked) {
    const shown = findings.filter((finding) => finding.code === code).length
    if (found > shown) output.say(`${found - shown} more of ${code} are not shown.`)
  }
  const fine = checked.filter(({ found }) => found === 0).map((each) => each.fine)
  if (findings.length === 0) output.out(output.paint('green', 'Nothing found.'))
  if (fine.length > 0) output.out(`Looked at and fine: ${fine.join('; ')}.`)
}
