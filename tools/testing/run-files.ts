import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import path from 'node:path'
import { run } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { type Count, root } from '../lib/workspace.ts'

interface FileResult {
  readonly file: string
  passed: number
  readonly failures: string[]
  readonly skips: string[]
  durationMs: number
  /** Of its process, for the first file of a group. */
  output: string
}

/** One test may take this long before it counts as failed. */
const testLimitMs = 180_000
/** And the process of a group, with all its tests, before it is killed. */
const fileLimitMs = 300_000
/** And from the end of its tests to its own. */
const endLimitMs = 30_000

interface RunOptions {
  readonly concurrency: number
  readonly only?: RegExp
  /** @default 300 s */
  readonly fileLimitMs?: number
  /** @default 30 s */
  readonly endLimitMs?: number
  /** After each file. */
  readonly onEnded?: (file: string, durationMs: number) => void
}

/**
 * Runs groups of test files, each group in a process of its own, and prints a line per file, with what failed in full. A process that does not end is
 * killed, and its files have failed; so has a file of which no test ran to its end.
 */
export async function runFiles(groups: readonly (readonly string[])[], options: RunOptions): Promise<Count> {
  const count = { passed: 0, failed: 0 }
  const children = new Set<ChildProcess>()
  const onChild = (message: unknown): void => {
    const { process: child } = message as { readonly process: ChildProcess }
    children.add(child)
    child.once('exit', () => children.delete(child))
  }
  const kill = (file: string): void => {
    for (const child of children) if (child.spawnargs.includes(file)) child.kill('SIGKILL')
  }
  const left = groups.map((files) => files.map((file) => path.resolve(root, file)))
  const runNext = async (): Promise<void> => {
    for (let files = left.shift(); files !== undefined; files = left.shift()) {
      for (const result of await runGroup(files, { ...options, kill })) {
        count.passed += result.passed
        count.failed += result.failures.length
      }
    }
  }
  // The runner does not give away the processes that it starts.
  subscribe('child_process', onChild)
  await Promise.all(Array.from({ length: options.concurrency }, runNext))
  unsubscribe('child_process', onChild)
  return count
}

async function runGroup(
  files: readonly string[],
  options: RunOptions & { readonly kill: (file: string) => void },
): Promise<readonly FileResult[]> {
  const results = files.map(
    (file): FileResult => ({ file, passed: 0, failures: [], skips: [], durationMs: 0, output: '' }),
  )
  const [first] = results
  if (first === undefined) return []
  const resultOf = (event: { readonly file?: string | undefined }): FileResult =>
    results.find(({ file }) => file === event.file) ?? first
  const from = performance.now()
  let tooLate: string | undefined
  const killAfter = (ms: number, after: string): NodeJS.Timeout =>
    setTimeout(() => {
      tooLate = `its process had not ended ${String(ms / 1000)} s after ${after}, and was killed`
      options.kill(first.file)
    }, ms)
  let limit = killAfter(options.fileLimitMs ?? fileLimitMs, 'its start')
  const stream = run({
    ...(files.length === 1 ? { files: [...files] } : { files: [together], argv: [...files] }),
    timeout: testLimitMs,
    ...(options.only === undefined ? {} : { testNamePatterns: [options.only] }),
  })
  const onOutput = ({ message }: { readonly message: string }): void => {
    first.output += message
  }
  stream.on('test:stdout', onOutput)
  stream.on('test:stderr', onOutput)
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite' || isWholeFile(event)) return
    const result = resultOf(event)
    if (event.nesting === 0) result.durationMs += event.details.duration_ms
    if (event.skip !== undefined) result.skips.push(`${event.name}: ${event.skip || 'no reason given'}`)
    else result.passed += 1
  })
  stream.on('test:fail', (event) => {
    if (event.details.type === 'suite') return
    // A failed parent of failed subtests says nothing new, nor does the end of a process that we killed.
    if ((event.details.error as { failureType?: string }).failureType === 'subtestsFailed') return
    if (tooLate !== undefined && isWholeFile(event)) return
    resultOf(event).failures.push(`${event.name}\n${indent(describeError(event.details.error))}`)
  })
  stream.on('test:summary', (event) => {
    if (event.file === undefined) return
    clearTimeout(limit)
    limit = killAfter(options.endLimitMs ?? endLimitMs, 'its tests')
  })
  for await (const _ of stream);
  clearTimeout(limit)
  if (tooLate !== undefined) first.failures.push(tooLate)
  const durationMs = performance.now() - from
  if (files.length === 1) first.durationMs = durationMs
  for (const result of results) {
    // A process that ends itself with its tests tells of none.
    if (options.only === undefined && result.passed + result.failures.length + result.skips.length === 0)
      result.failures.push('none of its tests ran to its end')
    print(result)
    options.onEnded?.(path.relative(root, result.file), result.durationMs)
  }
  if (results.some(({ failures }) => failures.length > 0)) printOutput(first.output)
  return results
}

const together = fileURLToPath(new URL('together.ts', import.meta.url))

/** A file without tests is reported as one test named after it. */
function isWholeFile(event: { readonly name: string; readonly file?: string | undefined }): boolean {
  return event.file !== undefined && path.resolve(root, event.name) === event.file
}

function print({ file, passed, failures, skips, durationMs }: FileResult): void {
  const mark = failures.length === 0 ? 'ok  ' : 'FAIL'
  console.log(`${mark} ${path.relative(root, file)} (${passed}, ${(durationMs / 1000).toFixed(1)} s)`)
  for (const skip of skips) console.log(`     skipped: ${skip}`)
  for (const failure of failures) console.log(indent(failure))
}

function printOutput(output: string): void {
  if (output !== '') console.log(indent(`its output:\n${output.slice(-4_000)}`))
}

function describeError(error: Error): string {
  const cause = error.cause ?? error
  return cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause)
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '     ')
}
