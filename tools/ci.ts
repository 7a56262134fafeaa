/** Everything that must hold, from a clean clone; `.ci/run` starts it. No step is ever passed over: what cannot run has failed. */
import { ciSteps } from './ci/steps.ts'
import { type Ended, run } from './lib/run.ts'
import { type Count, printCount } from './lib/workspace.ts'

const only = process.argv.slice(2)
const steps = ciSteps.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))
const rows: { name: string; seconds: number; count: Count }[] = []
const from = Date.now()
for (const { name, command, counts, timeoutMs } of steps) {
  console.log(`\n=== ${name}: ${command.slice(command[0] === process.execPath ? 3 : 0).join(' ')}`)
  const stepFrom = Date.now()
  const ended = await run(command, { timeoutMs })
  const count = countOf(ended, counts)
  rows.push({ name, seconds: (Date.now() - stepFrom) / 1000, count })
}

console.log('\nstep                                seconds   passed   failed')
for (const { name, seconds, count } of rows) {
  const figures = [seconds.toFixed(0).padStart(8), `${count.passed}`.padStart(8), `${count.failed}`.padStart(8)]
  console.log(`${name.padEnd(34)} ${figures.join(' ')}`)
}
console.log(`${((Date.now() - from) / 60_000).toFixed(1)} minutes`)
const total = rows.reduce(
  (sum, { count }) => ({ passed: sum.passed + count.passed, failed: sum.failed + count.failed }),
  { passed: 0, failed: 0 },
)
printCount(total)
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0)

/** A step that counts tests says so in its last line; one that failed without a failed test has failed once all the same. */
function countOf(ended: Ended, counts: boolean): Count {
  if (!counts) return ended.code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
  const line = /^(\d+) passed, (\d+) failed$/.exec(ended.output.trimEnd().split('\n').at(-1) ?? '')
  const count = { passed: Number(line?.[1] ?? 0), failed: Number(line?.[2] ?? 0) }
  const isWhole = line !== null && (ended.code === 0) === (count.failed === 0) && count.passed > 0
  return isWhole ? count : { ...count, failed: Math.max(1, count.failed) }
}
