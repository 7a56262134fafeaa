import { userInfo } from 'node:os'
import { isRedriveError } from '@redrive/worker'
import { type Client, officeClient } from './client.ts'
import { exitCodeOf } from './exit-code-of.ts'
import { findOffice } from './find-office.ts'
import { type Output, terminalOutput } from './output.ts'
import { safeText } from './safe-text.ts'

/** Options every command takes. */
export interface GlobalOptions {
  readonly json?: boolean
  readonly data?: string
}

export interface Context {
  readonly output: Output
  readonly client: Client
  readonly nowMs: number
}

/** Runs a command against the office; a fault is told as what happened, why and what to do, and becomes the exit status. */
export async function withOffice(
  options: GlobalOptions,
  work: (context: Context) => Promise<number | void>,
): Promise<void> {
  await guarded(options, async () => {
    const client = officeClient(findOffice(options))
    return work({ output: terminalOutput({ json: options.json === true }), client, nowMs: Date.now() })
  })
}

export async function guarded(options: GlobalOptions, work: () => Promise<number | void>): Promise<void> {
  try {
    process.exitCode = (await work()) ?? 0
  } catch (error) {
    reportError(error, options.json === true)
    process.exitCode = exitCodeOf(error)
  }
}

/** The name actions are signed with when `--by` is not given. */
export function defaultName(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown'
  }
}

function reportError(error: unknown, json: boolean): void {
  const fault = isRedriveError(error)
  const message = error instanceof Error ? error.message : String(error)
  if (json) {
    const shown = {
      code: fault ? error.code : 'INTERNAL',
      message,
      hint: fault ? (error.hint ?? null) : null,
      data: fault ? error.data : {},
    }
    process.stderr.write(`${JSON.stringify(shown)}\n`)
    return
  }
  const lines = [`error: ${message}`]
  const cause = fault ? error.cause : undefined
  if (cause instanceof Error && !message.includes(cause.message)) lines.push(`why:   ${cause.message}`)
  if (fault && error.code === 'QUERY_INVALID') lines.push(...pointer(error.data))
  if (fault && error.hint !== undefined) lines.push(`try:   ${error.hint}`)
  if (!fault && process.env['REDRIVE_DEBUG'] && error instanceof Error) lines.push(error.stack ?? '')
  process.stderr.write(`${lines.map(safeText).join('\n')}\n`)
}

function pointer(data: Readonly<Record<string, unknown>>): readonly string[] {
  const { query, position } = data
  if (typeof query !== 'string' || typeof position !== 'number' || query.length > 160) return []
  return [`       ${query.replaceAll(/[\r\n\t]/g, ' ')}`, `       ${' '.repeat(Math.min(position, query.length))}^`]
}
