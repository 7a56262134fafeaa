import { readFileSync } from 'node:fs'
import { RedriveError } from '@redrive/worker'

/** Options that say what to change, of `letter edit` and `transform preview`. */
export interface ChangeOptions {
  /** A JSON Patch; `-` reads standard input. */
  readonly patch?: string
  /** `/path=value` */
  readonly set?: readonly string[]
  readonly unset?: readonly string[]
  /** `name=value` */
  readonly header?: readonly string[]
  readonly addHeader?: readonly string[]
  readonly removeHeader?: readonly string[]
}

type HeaderEdit =
  | { readonly op: 'set' | 'add'; readonly name: string; readonly value: { readonly text: string } }
  | { readonly op: 'remove'; readonly name: string }

/** As the API wants them. @throws OPTION_INVALID */
export function changeOf(options: ChangeOptions): {
  readonly patch?: string
  readonly headers?: readonly HeaderEdit[]
} {
  const patch = patchOf(options)
  const headers: readonly HeaderEdit[] = [
    ...(options.removeHeader ?? []).map((name) => ({ op: 'remove', name }) as const),
    ...(options.header ?? []).map((given) => headerEdit('set', given)),
    ...(options.addHeader ?? []).map((given) => headerEdit('add', given)),
  ]
  return { ...(patch === undefined ? {} : { patch }), ...(headers.length === 0 ? {} : { headers }) }
}

/** The text as it is, or a patch made of the assignments: never of values, for numbers would not stay as they are written. */
function patchOf({ patch, set = [], unset = [] }: ChangeOptions): string | undefined {
  const operations = [
    ...set.map(setOperation),
    ...unset.map((path) => `{"op":"remove","path":${JSON.stringify(path)}}`),
  ]
  if (patch === undefined) return operations.length === 0 ? undefined : `[${operations.join(',')}]`
  if (operations.length === 0) return readGiven(patch).toString('utf8')
  throw new RedriveError('OPTION_INVALID', '--patch does not go with --set and --unset.', {
    hint: 'Put all of it into the file.',
  })
}

function setOperation(given: string): string {
  const { name: path, value } = assignment(given, '--set /path=value')
  return `{"op":"set","path":${JSON.stringify(path)},"value":${isJson(value) ? value : JSON.stringify(value)}}`
}

const headerEdit = (op: 'set' | 'add', given: string): HeaderEdit => {
  const { name, value } = assignment(given, '--header name=value')
  return { op, name, value: { text: value } }
}

function assignment(given: string, form: string): { readonly name: string; readonly value: string } {
  const at = given.indexOf('=')
  if (at < 0) throw new RedriveError('OPTION_INVALID', `${JSON.stringify(given)} has no =.`, { hint: `Write ${form}` })
  return { name: given.slice(0, at), value: given.slice(at + 1) }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** A file's bytes; `-` is standard input. @throws OPTION_INVALID */
export function readGiven(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file)
  } catch (error) {
    throw new RedriveError('OPTION_INVALID', `${file} cannot be read.`, {
      cause: error,
      hint: 'Give a file, or - for standard input.',
    })
  }
}
