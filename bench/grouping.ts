import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { createCauseIndex, fingerprint } from '@redrive/worker/fingerprint'
import { type Grouped, type Report, scoreGrouping, worstOf } from './grouping-score.ts'

export const summary = 'grouping [--reports FILE]   how well failures are grouped by cause, and how fast'

const fixtures = join(import.meta.dirname, '../packages/worker/fixtures/traces/reports.jsonl.gz')
const rounds = 5
const worst = 10

/** Groups the reports in the order of the file, as they would be captured, and compares with the truth. Hard ones are left out of the count. */
export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: { reports: { type: 'string' } }, allowPositionals: true })
  const file = values.reports ?? positionals[0] ?? fixtures
  const reports = await readReports(file)
  const grouped = group(reports)
  const counted = grouped.filter(({ report }) => !report.hard)
  const total = scoreGrouping(counted)

  console.log(
    `${basename(file)}: ${reports.length} reports, ${reports.length - counted.length} hard ones left out of the count`,
  )
  console.log(
    `  ${'language'.padEnd(12)}${['reports', 'causes', 'groups', 'precision', 'recall'].map((t) => t.padStart(10)).join('')}`,
  )
  for (const language of [...new Set(reports.map((report) => report.language))].sort()) {
    print(
      language,
      counted.filter(({ report }) => report.language === language),
    )
  }
  print('all', counted)
  print('with hard', grouped)
  const { merges, splits } = worstOf(counted, worst)
  console.log(`wrong merges${merges.length === 0 ? ': none' : ''}`)
  for (const line of merges) console.log(`  ${line}`)
  console.log(`splits${splits.length === 0 ? ': none' : ''}`)
  for (const line of splits) console.log(`  ${line}`)
  console.log(`speed, one thread, best of ${rounds} rounds: ${speedOf(reports)} reports/s`)
  const { precision, recall } = total
  console.log(
    JSON.stringify({
      bench: 'grouping',
      reports: total.reports,
      causes: total.causes,
      groups: total.groups,
      precision,
      recall,
    }),
  )
}

/** Reads reports, one JSON object a line, plain or compressed. */
export async function readReports(file: string): Promise<Report[]> {
  const bytes = await readFile(file)
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8')
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Report)
}

/** The truth is not looked at: only what a letter would bring goes in. */
export function group(reports: readonly Report[]): Grouped[] {
  const index = createCauseIndex()
  return reports.map((report) => {
    const { queue, consumer, errorClass, message, stack } = report
    const found = fingerprint({
      queue,
      consumer: consumer ?? null,
      errorClass: errorClass ?? null,
      message: message ?? null,
      stack: stack ?? null,
    })
    return { report, group: index.assign(found).cause }
  })
}

function print(name: string, grouped: readonly Grouped[]): void {
  const { reports, causes, groups, precision, recall } = scoreGrouping(grouped)
  const counts = [reports, causes, groups].map((n) => String(n).padStart(10)).join('')
  console.log(`  ${name.padEnd(12)}${counts}${precision.toFixed(4).padStart(10)}${recall.toFixed(4).padStart(10)}`)
}

function speedOf(reports: readonly Report[]): number {
  let best = 0
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now()
    group(reports)
    best = Math.max(best, (reports.length * 1000) / (performance.now() - start))
  }
  return Math.round(best)
}
