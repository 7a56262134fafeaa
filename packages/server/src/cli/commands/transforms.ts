import { agreedCount } from '../agreed-count.ts'
import { type ChangeOptions, changeOf } from '../change-options.ts'
import type { Client } from '../client.ts'
import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { type Output, printTable } from '../output.ts'
import { type SelectionOptions, selectionOf } from '../selection.ts'
import { showTransform, type Transform, type TransformLetter } from './transform-views.ts'

interface Agreed {
  readonly yes?: boolean
  readonly expect?: number
  readonly by?: string
}

export function transformPreviewCommand(
  query: readonly string[],
  options: GlobalOptions &
    SelectionOptions &
    ChangeOptions & {
      readonly plan?: string
      readonly ignoreSchema?: boolean
      readonly sample: number
      readonly reason: string
      readonly by?: string
      readonly requireMatch?: boolean
    },
): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const { plan } = options
    const hasSelection = query.length > 0 || options.cause !== undefined || options.idsFile !== undefined
    const made = await client.post<Transform>('/transforms', {
      ...(plan === undefined ? {} : { plan }),
      ...(plan === undefined || hasSelection ? { selection: await selectionOf(query, options) } : {}),
      ...changeOf(options),
      ...(options.ignoreSchema ? { ignoreSchema: true } : {}),
      sample: options.sample,
      reason: options.reason,
      by: options.by ?? defaultName(),
    })
    const transform = await previewed(client, output, { transform: made, sample: options.sample })
    showTransform(output, transform)
    return transform.preview.applicable === 0 && options.requireMatch ? exitCodes.nothingMatched : exitCodes.ok
  })
}

export function transformShowCommand(id: string, options: GlobalOptions & { readonly sample: number }): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const { sample } = options
    const transform = await client.get<Transform>(pathOf(id), { sample })
    showTransform(output, await previewed(client, output, { transform, sample }))
  })
}

export function transformLettersCommand(
  id: string,
  options: GlobalOptions & {
    readonly part: string
    readonly limit: number
    readonly after?: string
    readonly jsonl?: boolean
  },
): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const { part, limit, after } = options
    const page = await client.get<{ letters: readonly TransformLetter[]; next: string | null }>(
      `${pathOf(id)}/letters`,
      { part, limit, after },
    )
    // As letter lists have them, so that their ids go on into a plan.
    if (options.jsonl)
      for (const { letter, ...rest } of page.letters) output.out(JSON.stringify({ id: letter, ...rest }))
    else if (output.json) output.out(JSON.stringify(page.letters))
    else
      printTable(output, page.letters, [
        { title: 'LETTER', value: ({ letter }) => letter },
        { title: 'PREVIEW', value: ({ verdict }) => verdict ?? 'untried' },
        { title: 'DONE', value: ({ result }) => result },
        { title: 'VERSION', value: ({ version }) => version, align: 'right' },
        { title: 'WHY', value: ({ why }) => why, max: 80 },
      ])
    if (page.next !== null && !output.json) output.say(output.paint('dim', `More: add --after ${page.next}`))
  })
}

export function transformApplyCommand(id: string, options: GlobalOptions & Agreed): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const transform = await client.get<Transform>(pathOf(id), { sample: 0 })
    const count = transform.preview.applicable
    const command = `redrive transform apply ${id}`
    const expect = await agreedCount({ question: `Edit ${count} letters?`, count, command }, options)
    if (expect === null) {
      output.say('Nothing was changed.')
      return exitCodes.ok
    }
    for (;;) {
      const now = await client.post<Transform>(`${pathOf(id)}/apply`, { by: options.by ?? defaultName(), expect })
      const { left, applied, refused } = now.done
      if (left > 0) {
        if (!output.json) output.say(`${applied} of ${now.preview.applicable} edited`)
        continue
      }
      if (output.json) output.out(JSON.stringify(now))
      else {
        output.out(`${applied} edited, ${refused} refused`)
        if (refused > 0) output.say(`Which and why: redrive transform letters ${id} --part refused`)
        output.say(
          `Send them: redrive transform letters ${id} --part applied --jsonl | redrive replay plan --ids-file -`,
        )
        output.say(`Back, while they are unsent: redrive transform revert ${id} --reason …`)
      }
      return refused > 0 ? exitCodes.unfinished : exitCodes.ok
    }
  })
}

export function transformRevertCommand(
  id: string,
  options: GlobalOptions & Agreed & { readonly reason: string },
): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const transform = await client.get<Transform>(pathOf(id), { sample: 0 })
    const count = transform.done.applied
    const command = `redrive transform revert ${id} --reason …`
    const expect = await agreedCount({ question: `Take back the edits of ${count} letters?`, count, command }, options)
    if (expect === null) {
      output.say('Nothing was changed.')
      return exitCodes.ok
    }
    let [reverted, kept, from]: [number, number, number | null] = [0, 0, null]
    do {
      const step: { reverted: number; kept: number; next: number | null } = await client.post(`${pathOf(id)}/revert`, {
        by: options.by ?? defaultName(),
        reason: options.reason,
        ...(from === null ? { expect } : { from }),
      })
      reverted += step.reverted
      kept += step.kept
      from = step.next
    } while (from !== null)
    if (output.json) output.out(JSON.stringify({ reverted, kept }))
    else output.out(`${reverted} taken back${kept === 0 ? '' : `, ${kept} stay: sent, ended or edited again since`}`)
    return kept > 0 ? exitCodes.unfinished : exitCodes.ok
  })
}

/** Until it was tried on every letter. */
async function previewed(
  client: Client,
  output: Output,
  { transform, sample }: { readonly transform: Transform; readonly sample: number },
): Promise<Transform> {
  let now = transform
  while (now.preview.untried > 0) {
    if (!output.json) output.say(`${now.letters - now.preview.untried} of ${now.letters} tried`)
    now = await client.post<Transform>(`${pathOf(transform.id)}/preview`, { sample })
  }
  return now
}

const pathOf = (id: string): string => `/transforms/${encodeURIComponent(id)}`
