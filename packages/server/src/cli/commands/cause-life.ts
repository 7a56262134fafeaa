import { RedriveError } from '@redrive/worker'
import { readGiven } from '../change-options.ts'
import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { printTable } from '../output.ts'
import { safeLine } from '../safe-text.ts'
import { type CauseEvent, type CauseLife, detailText, lifeLines, nextStep } from './cause-views.ts'

interface ChangeOptions extends GlobalOptions {
  readonly by?: string
  readonly revision?: number
}

export const ackCommand = (id: string, options: ChangeOptions & { readonly note?: string }): Promise<void> =>
  change(id, 'acknowledge', { options, body: { note: options.note } })

export const snoozeCommand = (
  id: string,
  options: ChangeOptions & {
    readonly until?: string
    readonly for?: number
    readonly letters?: number
    readonly release?: string
    readonly reason: string
  },
): Promise<void> => {
  const { until, for: forSeconds, letters, release, reason } = options
  return change(id, 'snooze', { options, body: { until, forSeconds, letters, release, reason } })
}

export const fixCommand = (
  id: string,
  options: ChangeOptions & { readonly in?: string; readonly note?: string },
): Promise<void> => change(id, 'fix', { options, body: { release: options.in, note: options.note } })

export const reopenCommand = (id: string, options: ChangeOptions & { readonly reason?: string }): Promise<void> =>
  change(id, 'reopen', { options, body: { reason: options.reason } })

export const assignCommand = (
  id: string,
  person: string | undefined,
  options: ChangeOptions & { readonly nobody?: boolean },
): Promise<void> => {
  const to = () => oneOf(person, options.nobody, 'Name a person, or --nobody.')
  return change(id, 'assign', { options, body: () => ({ to: to() }) })
}

export const ownCommand = (
  id: string,
  team: string | undefined,
  options: ChangeOptions & { readonly queue?: boolean },
): Promise<void> => {
  const to = () => oneOf(team, options.queue, "Name a team, or --queue for the queue's owner.")
  return change(id, 'own', { options, body: () => ({ to: to() }) })
}

export const commentCommand = (
  id: string,
  text: string | undefined,
  options: ChangeOptions & { readonly file?: string },
): Promise<void> =>
  change(id, 'comments', {
    options,
    body: () => {
      if ((text === undefined) === (options.file === undefined))
        throw usage('A comment is a text or --file.', 'Give one of them: redrive cause comment c_… "seen before"')
      return { text: text ?? readGiven(options.file ?? '-').toString('utf8') }
    },
  })

export const linkCommand = (
  id: string,
  url: string,
  options: ChangeOptions & { readonly kind: string; readonly title?: string },
): Promise<void> => change(id, 'links', { options, body: { url, kind: options.kind, title: options.title } })

export const unlinkCommand = (id: string, link: number, options: ChangeOptions): Promise<void> =>
  change(id, 'unlink', { options, body: { link } })

export function historyCommand(
  id: string,
  options: GlobalOptions & {
    readonly comments?: boolean
    readonly limit: number
    readonly after?: string
    readonly jsonl?: boolean
  },
): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const { events, next } = await client.get<{ events: readonly CauseEvent[]; next: string | null }>(
      `/causes/${encodeURIComponent(id)}/history`,
      { limit: options.limit, after: options.after, what: options.comments === true ? 'comment' : undefined },
    )
    if (options.jsonl) for (const event of events) output.out(JSON.stringify(event))
    else if (output.json) output.out(JSON.stringify(events))
    else if (events.length > 0)
      printTable(output, events, [
        { title: 'AT', value: ({ at }) => at },
        { title: 'BY', value: ({ by }) => by, max: 40 },
        { title: 'WHAT', value: ({ what }) => what },
        { title: 'STATE', value: ({ was, became }) => (was === became ? became : `${was} → ${became}`) },
        { title: 'DETAILS', value: detailText, max: 60 },
        { title: 'SAID', value: ({ said }) => said, max: 80 },
      ])
    if (events.length === 0) output.say('Nothing was done with it or said about it yet.')
    else if (next !== null) output.say(output.paint('dim', `More: add --after ${next}`))
  })
}

/** Does it and shows the cause as it is then. */
function change(
  id: string,
  action: string,
  { options, body }: { readonly options: ChangeOptions; readonly body: object | (() => object) },
): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const { by = defaultName(), revision } = options
    const given = typeof body === 'function' ? body() : body
    const life = await client.post<CauseLife>(`/causes/${encodeURIComponent(id)}/${action}`, { ...given, by, revision })
    if (output.json) output.out(JSON.stringify(life))
    else {
      output.out(`${life.id} is ${output.paint('bold', life.state)}`)
      for (const [name, text] of lifeLines(life, nowMs))
        output.out(`${output.paint('dim', name.padEnd(10))}${safeLine(text)}`)
      output.say(nextStep(life))
    }
  })
}

function oneOf(name: string | undefined, nobody: boolean | undefined, hint: string): string | null {
  if ((name === undefined) === (nobody !== true)) throw usage('Nothing, or two things at once, was said.', hint)
  return name ?? null
}

const usage = (message: string, hint: string): RedriveError => new RedriveError('OPTION_INVALID', message, { hint })
