import { readFileSync } from 'node:fs'
import { RedriveError } from '@redrive/worker'

export interface SelectionOptions {
  readonly cause?: string
  /** Letter ids, one a line; `-` reads standard input. */
  readonly idsFile?: string
}

/** Exactly one of a query, `--cause` and `--ids-file`. @throws OPTION_INVALID */
export async function selectionOf(
  query: readonly string[],
  options: SelectionOptions,
): Promise<{ query: string } | { cause: string } | { letters: readonly string[] }> {
  const text = query.join(' ').trim()
  const given = [text !== '', options.cause !== undefined, options.idsFile !== undefined].filter(Boolean).length
  if (given !== 1) {
    throw new RedriveError(
      'OPTION_INVALID',
      given === 0 ? 'Say which letters.' : 'Say which letters in one way only.',
      {
        hint: 'A query such as "queue:orders tier:transient", or --cause c_…, or --ids-file FILE.',
      },
    )
  }
  if (options.cause !== undefined) return { cause: options.cause }
  if (options.idsFile === undefined) return { query: text }
  return { letters: idsIn(readIds(options.idsFile)) }
}

function readIds(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new RedriveError('OPTION_INVALID', `${file} cannot be read.`, {
      cause: error,
      hint: 'Give a file with one letter id a line, or - for standard input.',
    })
  }
}

/** Ids as plain lines, or letters as JSON lines. */
function idsIn(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('{') ? String((JSON.parse(line) as { id?: unknown }).id) : line))
}
