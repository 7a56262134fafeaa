import { cutEnd, cutMiddle } from '../cut-text.ts'
import type { MaybeFacts } from './reader.ts'
import { caps } from './values.ts'

const maxCauses = 20

/** The facts in a pg-boss `output`: an error as `serialize-error` writes it with its causes, or a thrown value under `value`. */
export function pgBossError(output: unknown): MaybeFacts {
  const outer = recordOf(typeof output === 'string' ? parsed(output) : output)
  if (outer === null) return {}
  const terminal = terminalReason(outer)
  if (terminal !== null) return terminal
  if (!('name' in outer) && !('message' in outer)) {
    return typeof outer['value'] === 'string' ? { message: cutEnd(outer['value'], caps.message) } : {}
  }
  const stacks: string[] = []
  let error = outer
  for (let depth = 0; ; depth += 1) {
    const stack = error['stack']
    if (typeof stack === 'string') stacks.push(stack.slice(0, caps.stackBytes))
    const cause = error['cause']
    if (cause === undefined || cause === null || cause === '[Circular]') break
    const next = recordOf(cause)
    // A thrown text as cause, or a chain without an end: no class to be named.
    if (next === null || depth >= maxCauses) return { stack: joined(stacks) }
    error = next
  }
  const { name, message } = error
  return {
    errorClass: typeof name === 'string' && name !== '' ? cutEnd(name, caps.errorClass) : null,
    message: typeof message === 'string' ? cutEnd(message, caps.message) : null,
    stack: joined(stacks),
  }
}

/** What pg-boss says itself when a job ran too long or its worker was lost: no error of the handler. */
function terminalReason(output: Readonly<Record<string, unknown>>): MaybeFacts | null {
  const message = recordOf(output['value'])?.['message']
  if (message === 'job timed out' || message === 'job failed by timeout in active state')
    return { reason: 'expired', tier: 'timeout' }
  if (message === 'job heartbeat timeout') return { reason: 'heartbeat' }
  const { message: thrown, stack } = output
  if (typeof thrown !== 'string' || !/^handler execution exceeded \d{1,12}m?s$/.test(thrown)) return null
  return { reason: 'expired', tier: 'timeout', stack: typeof stack === 'string' ? joined([stack]) : null }
}

function joined(stacks: readonly string[]): string | null {
  return stacks.length === 0 ? null : cutMiddle(stacks.join('\nCaused by: '), caps.stackBytes)
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
}

function parsed(json: string): unknown {
  if (json.length > 1_048_576) return null
  try {
    return JSON.parse(json)
  } catch {
    return null
  }
}
