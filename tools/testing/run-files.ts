import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
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
const testLimitMs = 180_000
/** And the process of a file, with all its tests, before it is killed. */
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
 * Runs test files, each in a process of its own (a test that ends its process, leaks a handle or changes the environment harms
 * no other), and prints a line per file, with what failed in full. A process that does not end is killed, and its file has failed.
 */
export async function runFiles(files: readonly string[], options: RunOptions): Promise<Count> {
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
  const left = files.map((file) => path.resolve(root, file))
  const runNext = async (): Promise<void> => {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      const result = await runFile(file, { ...options, kill })
      count.passed += result.passed
      count.failed += result.failures.length
    }
  }
  // The runner does not give away the processes that it starts.
  subscribe('child_process', onChild)
  await Promise.all(Array.from({ length: options.concurrency }, runNext))
  unsubscribe('child_process', onChild)
  return count
}

async function runFile(
  file: string,
  options: RunOptions & { readonly kill: (file: string) => void },
): Promise<FileResult> {
  const result: FileResult = { passed: 0, failures: [], skips: [], output: '' }
  const from = performance.now()
  let tooLate: string | undefined
  const killAfter = (ms: number, after: string): NodeJS.Timeout =>
    setTimeout(() => {
      tooLate = `its process had not ended ${String(ms / 1000)} s after ${after}, and was killed`
      options.kill(file)
    }, ms)
  let limit = killAfter(options.fileLimitMs ?? fileLimitMs, 'its start')
  const stream = run({
    files: [file],
    timeout: testLimitMs,
    ...(options.only === undefined ? {} : { testNamePatterns: [options.only] }),
  })
  stream.on('test:stdout', ({ message }) => {
    result.output += message
  })
  stream.on('test:stderr', ({ message }) => {
    result.output += message
  })
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite' || isWholeFile(event)) return
    if (event.skip !== undefined) result.skips.push(`${event.name}: ${event.skip || 'no reason given'}`)
    else result.passed += 1
  })
  stream.on('test:fail', (event) => {
    if (event.details.type === 'suite') return
    // A failed parent of failed subtests says nothing new, nor does the end of a process that we killed.
    if ((event.details.error as { failureType?: string }).failureType === 'subtestsFailed') return
    if (tooLate !== undefined && isWholeFile(event)) return
    result.failures.push(`${event.name}\n${indent(describeError(event.details.error))}`)
  })
  stream.on('test:summary', (event) => {
    if (event.file === undefined) return
    clearTimeout(limit)
    limit = killAfter(options.endLimitMs ?? endLimitMs, 'its tests')
  })
  for await (const _ of stream);
  clearTimeout(limit)
  if (tooLate !== undefined) result.failures.push(tooLate)
  // A process that ends itself with its tests tells of none.
  else if (options.only === undefined && result.passed + result.failures.length + result.skips.length === 0)
    result.failures.push('none of its tests ran to its end')
  const durationMs = performance.now() - from
  print(path.relative(root, file), { result, durationMs })
  options.onEnded?.(path.relative(root, file), durationMs)
  return result
}

/** A file without tests is reported as one test named after it. */
function isWholeFile(event: { readonly name: string; readonly file?: string | undefined }): boolean {
  return event.file !== undefined && path.resolve(root, event.name) === event.file
}

function print(file: string, options: { result: FileResult; durationMs: number }): void {
  const { result, durationMs } = options
  const mark = result.failures.length === 0 ? 'ok  ' : 'FAIL'
  console.log(`${mark} ${file} (${result.passed}, ${(durationMs / 1000).toFixed(1)} s)`)
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
