import path from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'
import { type Count, root } from '../lib/workspace.ts'

interface FileResult {
  passed: number
  readonly failures: string[]
  readonly skips: string[]
  output: string
}

/** One test may take this long before it counts as failed. */
const timeoutMs = 180_000

/**
 * Runs test files, each in a process of its own (a test that ends its process, leaks a handle or changes the environment harms
 * no other), and prints a line per file, with what failed in full.
 */
export async function runFiles(
  files: readonly string[],
  options: { concurrency: number; only?: RegExp },
): Promise<Count> {
  if (files.length === 0) return { passed: 0, failed: 0 }
  const results = new Map<string, FileResult>()
  const of = (file: string | undefined): FileResult => {
    const key = file ?? '?'
    const result = results.get(key) ?? { passed: 0, failures: [], skips: [], output: '' }
    results.set(key, result)
    return result
  }
  const count = { passed: 0, failed: 0 }
  const stream = run({
    files: files.map((file) => path.join(root, file)),
    concurrency: options.concurrency,
    timeout: timeoutMs,
    ...(options.only === undefined ? {} : { testNamePatterns: [options.only] }),
  })
  stream.on('test:stdout', ({ file, message }) => {
    of(file).output += message
  })
  stream.on('test:stderr', ({ file, message }) => {
    of(file).output += message
  })
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite' || isWholeFile(event)) return
    if (event.skip !== undefined) of(event.file).skips.push(`${event.name}: ${event.skip || 'no reason given'}`)
    else {
      of(event.file).passed += 1
      count.passed += 1
    }
  })
  stream.on('test:fail', (event) => {
    if (event.details.type === 'suite') return
    // A failed parent of failed subtests says nothing new.
    if ((event.details.error as { failureType?: string }).failureType === 'subtestsFailed') return
    count.failed += 1
    of(event.file).failures.push(`${event.name}\n${indent(describeError(event.details.error))}`)
  })
  stream.on('test:summary', ({ file, duration_ms }) => {
    if (file === undefined) return
    print(path.relative(root, file), { result: of(file), durationMs: duration_ms })
    results.delete(file)
  })
  for await (const _ of stream);
  // Tests belong to the file that defines them: a shared suite, or a file that ended before its summary.
  for (const [file, result] of results) print(path.relative(root, file), { result, durationMs: undefined })
  return count
}

/** A file without tests is reported as one test named after it. */
function isWholeFile(event: { readonly name: string; readonly file?: string | undefined }): boolean {
  return event.file !== undefined && path.resolve(root, event.name) === event.file
}

function print(file: string, options: { result: FileResult; durationMs: number | undefined }): void {
  const { result, durationMs } = options
  const mark = result.failures.length === 0 ? 'ok  ' : 'FAIL'
  const duration = durationMs === undefined ? '' : `, ${(durationMs / 1000).toFixed(1)} s`
  console.log(`${mark} ${file} (${result.passed}${duration})`)
  for (const skip of result.skips) console.log(`     skipped: ${skip}`)
  for (const failure of result.failures) console.log(indent(failure))
  if (result.failures.length > 0 && result.output !== '')
    console.log(indent(`its output:\n${result.output.slice(-4_000)}`))
}

function describeError(error: Error): string {
  const cause = error.cause ?? error
  return cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause)
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '     ')
}
