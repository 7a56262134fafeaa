import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { ago, printTable, size } from '../output.ts'
import { whileShown } from '../progress.ts'
import { safeLine } from '../safe-text.ts'
import { type SelectionOptions, selectionOf } from '../selection.ts'

interface Archive {
  readonly id: string
  readonly madeAt: string
  readonly place: string
  readonly letters: number
  readonly left: number
  readonly bytes: number
  readonly verifiedAt: string | null
  readonly problem: string | null
}

interface Verdict {
  readonly archive: string
  readonly letters: number
  readonly problems: readonly string[]
}

export function archivesCommand(
  options: GlobalOptions & { readonly limit: number; readonly after?: string },
): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const { limit, after } = options
    const { archives, next } = await client.get<{ archives: readonly Archive[]; next: string | null }>('/archives', {
      limit,
      after,
    })
    if (output.json) output.out(JSON.stringify(archives))
    else if (archives.length > 0)
      printTable(output, archives, [
        { title: 'ARCHIVE', value: ({ id }) => id },
        { title: 'AGO', value: ({ madeAt }) => ago(madeAt, nowMs), align: 'right' },
        { title: 'LETTERS', value: ({ left }) => left, align: 'right' },
        { title: 'SIZE', value: ({ bytes }) => size(bytes), align: 'right' },
        { title: 'VERIFIED', value: ({ verifiedAt }) => ago(verifiedAt, nowMs), align: 'right' },
        { title: 'FILES', value: ({ place }) => `${place}.*`, max: 100 },
        { title: 'PROBLEM', value: ({ problem }) => problem, max: 80 },
      ])
    if (archives.length === 0)
      output.say(
        'Nothing is archived. Name a place under archive in redrive.yaml, and say afterwards: archive under retention.',
      )
    else if (next !== null) output.say(output.paint('dim', `More: add --after ${next}`))
  })
}

export function verifyCommand(archive: string | undefined, options: GlobalOptions): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const { archives } = await whileShown(
      'Reading',
      () => client.post<{ archives: readonly Verdict[] }>('/archives/verify', archive === undefined ? {} : { archive }),
      { note: 'Ctrl-C ends the waiting.' },
    )
    const damaged = archives.filter(({ problems }) => problems.length > 0)
    if (output.json) output.out(JSON.stringify(archives))
    else {
      for (const { archive: id, problems } of damaged)
        for (const problem of problems) output.out(`${output.paint('red', 'damaged')}  ${id}  ${safeLine(problem)}`)
      const letters = archives.reduce((sum, each) => sum + each.letters, 0)
      output.out(
        `${archives.length - damaged.length} of ${archives.length} archives are whole; ${letters} letters lie in them`,
      )
    }
    return damaged.length === 0 ? exitCodes.ok : exitCodes.thresholdReached
  })
}

export function restoreCommand(
  query: readonly string[],
  options: GlobalOptions &
    SelectionOptions & { readonly reason: string; readonly by?: string; readonly expect?: number },
): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const { by = defaultName(), reason, expect } = options
    const selection = await selectionOf(query, options)
    const done = await whileShown(
      'Restoring',
      () =>
        client.post<{ readonly restored: number; readonly skipped: number }>('/archives/restore', {
          selection,
          by,
          reason,
          ...(expect === undefined ? {} : { expect }),
        }),
      { note: 'Ctrl-C ends the waiting; the office goes on.' },
    )
    if (output.json) return output.out(JSON.stringify(done))
    output.out(
      `${done.restored} ${done.restored === 1 ? 'letter is' : 'letters are'} again what ${done.restored === 1 ? 'it was' : 'they were'}`,
    )
    if (done.skipped > 0) output.say(`${done.skipped} were left alone: not archived, or not there`)
  })
}
