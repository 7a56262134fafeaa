import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { RedriveError } from '@redrive/worker'
import type { Client } from '../client.ts'
import { type GlobalOptions, withOffice } from '../context.ts'
import { csvLine } from '../csv.ts'
import { safeText } from '../safe-text.ts'
import { receiptOf } from './replay-receipt.ts'
import type { Report, RunLetter } from './replay-views.ts'

export function reportCommand(
  id: string,
  options: GlobalOptions & { readonly format: 'text' | 'json' | 'csv'; readonly out?: string },
): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const { format } = options
    const lines = format === 'text' ? receipt(client, id, options.json === true) : rows(client, id, format)
    if (options.out === undefined) {
      for await (const line of lines) await written(output.terminal ? `${safeText(line.trimEnd())}\n` : line)
      return
    }
    const letters = await intoFile(options.out, lines)
    output.say(`${options.out} is written: ${letters} lines.`)
  })
}

const columns = [
  'letter',
  'queue',
  'cause',
  'broker',
  'place',
  'replay',
  'state',
  'outcome',
  'why',
  'partition',
  'position',
  'intendedAt',
  'outcomeAt',
  'returnedAs',
] as const satisfies readonly (keyof RunLetter)[]

async function* receipt(client: Client, id: string, isJson: boolean): AsyncGenerator<string> {
  const report = await client.get<Report>(`/runs/${encodeURIComponent(id)}/report`)
  if (isJson) yield `${JSON.stringify(report)}\n`
  else for (const line of receiptOf(report)) yield `${line}\n`
}

/** Page by page: a million letters need no more memory than a thousand. */
async function* rows(client: Client, id: string, format: 'json' | 'csv'): AsyncGenerator<string> {
  if (format === 'csv') yield `${csvLine(columns)}\r\n`
  for (let after: string | undefined; ; ) {
    const page = await client.get<{ letters: readonly RunLetter[]; next: string | null }>(
      `/runs/${encodeURIComponent(id)}/letters`,
      { limit: 1_000, after },
    )
    for (const letter of page.letters)
      yield format === 'csv'
        ? `${csvLine(columns.map((column) => letter[column]))}\r\n`
        : `${JSON.stringify(Object.fromEntries(columns.map((column) => [column, letter[column]])))}\n`
    if (page.next === null) return
    after = page.next
  }
}

/** Waits for whoever reads slowly. */
async function written(line: string): Promise<void> {
  if (!process.stdout.write(line)) await new Promise((resolve) => process.stdout.once('drain', resolve))
}

/** Under another name until it is complete. @returns its lines */
async function intoFile(file: string, lines: AsyncIterable<string>): Promise<number> {
  const partial = `${file}.${randomBytes(4).toString('hex')}.partial`
  const handle = await open(partial, 'wx').catch((error: unknown) => {
    throw new RedriveError('OPTION_INVALID', `${file} cannot be written.`, { cause: error })
  })
  let count = 0
  try {
    for await (const line of lines) {
      await handle.write(line)
      count += 1
    }
    await handle.close()
    await rename(partial, file)
    return count
  } catch (error) {
    await handle.close().catch(() => undefined)
    await rm(partial, { force: true })
    throw error
  }
}
