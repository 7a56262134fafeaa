import { RedriveError } from '@redrive/worker'
import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import type { Output } from '../output.ts'
import { safeLine } from '../safe-text.ts'

interface Said {
  readonly value: string | readonly string[]
  readonly origin: 'file' | 'api' | 'default'
  readonly by: string | null
  readonly at: string | null
}

interface ScheduleView {
  readonly zone: Said
  readonly at: Said
  readonly notify: Said
  readonly unknown: readonly string[]
  readonly next: { readonly week: string; readonly at: string } | null
  readonly last: { readonly week: string; readonly at: string } | null
}

const fields = ['zone', 'at', 'notify'] as const

export interface ScheduleOptions extends GlobalOptions {
  readonly zone?: string
  readonly at?: string
  readonly notify?: readonly string[]
  readonly clear?: readonly string[]
  readonly by?: string
  readonly reason?: string
}

/** Shows it; with a field it is changed before. */
export function reviewScheduleCommand(options: ScheduleOptions): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const schedule = changeIn(options)
    const view =
      Object.keys(schedule).length === 0
        ? await client.get<ScheduleView>('/review-schedule')
        : await client.patch<ScheduleView>('/review-schedule', {
            schedule,
            by: options.by ?? defaultName(),
            ...(options.reason === undefined ? {} : { reason: options.reason }),
          })
    if (output.json) output.out(JSON.stringify(view))
    else show(output, view)
  })
}

/** @throws OPTION_INVALID */
function changeIn({ clear = [], ...options }: ScheduleOptions): Readonly<Record<string, unknown>> {
  const given = fields.flatMap((field) => (options[field] === undefined ? [] : [[field, options[field]] as const]))
  for (const field of clear) {
    if (!fields.some((known) => known === field))
      throw new RedriveError('OPTION_INVALID', `${field} is nothing that is said of the schedule.`, {
        hint: `It is one of ${fields.join(', ')}.`,
      })
    if (given.some(([name]) => name === field))
      throw new RedriveError('OPTION_INVALID', `${field} is both said and cleared.`, {
        hint: 'Leave one of the two out.',
      })
  }
  return Object.fromEntries([...given, ...clear.map((field) => [field, null] as const)])
}

function show(output: Output, view: ScheduleView): void {
  for (const field of fields) {
    const { value, origin, by } = view[field]
    const shown = typeof value === 'string' ? value : value.length === 0 ? 'nobody' : value.join(', ')
    const whence = origin === 'default' ? 'default' : origin === 'file' ? `in ${by}` : `by ${by}`
    output.out(`${field.padEnd(7)} ${safeLine(shown)}  ${output.paint('dim', safeLine(whence))}`)
  }
  if (view.next !== null) output.out(`next    ${view.next.week}, to be sent ${view.next.at}`)
  if (view.last !== null) output.out(`last    ${view.last.week}, sent ${view.last.at}`)
  if (view.unknown.length > 0)
    output.say(
      `No notifier for reviews has the name ${view.unknown.map(safeLine).join(', ')}: it goes to the log of the office instead.`,
    )
  if (view.next === null) output.say('Nobody gets it. Send it to a notifier: redrive review schedule --notify NAME')
}
