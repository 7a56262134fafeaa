import { RedriveError } from '@redrive/worker'
import { type Context, defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { ago, type Output, printTable } from '../output.ts'
import { safeLine } from '../safe-text.ts'

interface Rule {
  readonly id: string
  readonly kind: 'rule' | 'merge' | 'split'
  readonly name: string | null
  readonly queue: string | null
  readonly where: readonly string[]
  readonly per: string | null
  readonly title: string | null
  readonly causes: readonly string[]
  readonly into: string | null
  readonly file: string | null
  readonly by: string
  readonly at: string
  readonly reason: string | null
  readonly removedBy: string | null
  readonly removedAt: string | null
  readonly removedReason: string | null
  readonly regroupings: readonly Regrouping[]
}

interface Regrouping {
  readonly what: string
  readonly looked: number
  readonly moved: number
  readonly unjudged: number
  readonly startedAt: string
  readonly endedAt: string | null
}

interface Place {
  readonly cause: string | null
  readonly title: string
}

interface Preview {
  readonly letters: number
  readonly looked: number
  readonly of: number
  readonly isExact: boolean
  readonly unjudged: number
  readonly causesBefore: number
  readonly causesAfter: number
  readonly moves: readonly {
    readonly from: Place
    readonly to: Place
    readonly letters: number
    readonly states: Readonly<Record<string, number>>
    readonly samples: readonly string[]
  }[]
}

interface ChangeOptions extends GlobalOptions {
  readonly preview?: boolean
  readonly expect?: number
  readonly reason?: string
  readonly by?: string
}

export const mergeCommand = (
  [first = '', ...causes]: readonly string[],
  options: ChangeOptions & { readonly into: string },
): Promise<void> => change(`/causes/${encodeURIComponent(first)}/merge`, options, { into: options.into, causes })

export const splitCommand = (
  id: string,
  options: ChangeOptions & { readonly where: readonly string[]; readonly title?: string },
): Promise<void> => {
  const { where, title } = options
  return change(`/causes/${encodeURIComponent(id)}/split`, options, { where, title })
}

export const ruleAddCommand = (
  name: string,
  options: ChangeOptions & {
    readonly where: readonly string[]
    readonly queue?: string
    readonly per?: string
    readonly title?: string
    readonly first?: boolean
  },
): Promise<void> => {
  const { where, queue, per, title, first } = options
  return change('/rules', options, { name, where, queue, per, title, first })
}

export const ruleRemoveCommand = (id: string, options: ChangeOptions): Promise<void> =>
  change(`/rules/${encodeURIComponent(id)}/remove`, options, {})

export function rulesCommand(
  options: GlobalOptions & { readonly all?: boolean; readonly limit: number; readonly after?: string },
): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const { rules, next } = await client.get<{ rules: readonly Rule[]; next: string | null }>('/rules', {
      all: options.all === true ? 'true' : undefined,
      limit: options.limit,
      after: options.after,
    })
    if (output.json) output.out(JSON.stringify(rules))
    else if (rules.length > 0)
      printTable(output, rules, [
        { title: 'RULE', value: ({ id }) => id },
        { title: 'KIND', value: ({ kind }) => kind },
        { title: 'NAME', value: ({ name }) => name, max: 30 },
        { title: 'LETTERS', value: lettersText, max: 60 },
        { title: 'CAUSE', value: ({ into, per }) => into ?? (per === null ? 'its own' : `one per ${per}`) },
        { title: 'MOVED', value: ({ regroupings }) => progressText(regroupings[0]) },
        { title: 'BY', value: ({ file, by }) => file ?? by, max: 30 },
        { title: 'AGO', value: ({ at }) => ago(at, nowMs), align: 'right' },
        ...(options.all === true ? [{ title: 'TAKEN BACK', value: ({ removedBy }: Rule) => removedBy, max: 24 }] : []),
      ])
    if (rules.length === 0) output.say('Nothing is said about causes: each letter is where the algorithm put it.')
    else if (next !== null) output.say(output.paint('dim', `More: add --after ${next}`))
  })
}

export function ruleShowCommand(id: string, options: GlobalOptions): Promise<void> {
  return withOffice(options, async (context) => {
    const rule = await context.client.get<Rule>(`/rules/${encodeURIComponent(id)}`)
    if (context.output.json) context.output.out(JSON.stringify(rule))
    else showRule(context, rule)
  })
}

function change(path: string, options: ChangeOptions, body: object): Promise<void> {
  return withOffice(options, async (context) => {
    const { preview = false, expect, reason, by = defaultName() } = options
    if (!preview && reason === undefined)
      throw new RedriveError('OPTION_INVALID', 'A reason is needed.', {
        hint: "Look first with --preview, or say why: --reason '…'",
      })
    const request = { ...body, by, reason, ...(preview ? { previewOnly: true } : { expect }) }
    const answer = await context.client.post<{ rule: Rule | null; preview: Preview }>(path, request)
    if (context.output.json) return context.output.out(JSON.stringify(answer))
    showPreview(context.output, answer.preview, answer.rule === null)
    if (answer.rule === null) return
    const { id, removedAt } = answer.rule
    context.output.say(
      removedAt === null
        ? `They are moved in the background: redrive rules show ${id}\nTake it back: redrive rules remove ${id} --reason '…'`
        : `They go back in the background: redrive rules show ${id}`,
    )
  })
}

function showPreview(output: Output, preview: Preview, isPreview: boolean): void {
  const { letters, looked, of, isExact, unjudged, causesBefore, causesAfter, moves } = preview
  const one = letters === 1
  const word = isPreview ? 'would move' : one ? 'moves' : 'move'
  const number = `${letters} ${one && isExact ? 'letter' : 'letters'}`
  const sentence = isExact ? `${number} ${word}` : `${letters} of the ${looked} letters that were looked at ${word}`
  const rest = isExact ? '' : `; it may concern ${of}, and the newest were looked at`
  output.out(output.paint('bold', sentence) + rest)
  if (looked > 0) output.out(`causes of them: ${causesBefore} now, ${causesAfter} then`)
  if (unjudged > 0)
    output.out(`${unjudged} stay where they are: archived or erased, they no longer hold what is asked about`)
  if (moves.length > 0)
    printTable(output, moves, [
      { title: 'LETTERS', value: (move) => move.letters, align: 'right' },
      { title: 'FROM', value: ({ from }) => from.cause },
      { title: '', value: ({ from }) => from.title, max: 40 },
      { title: 'TO', value: ({ to }) => to.cause ?? 'new' },
      { title: '', value: ({ to }) => to.title, max: 40 },
      {
        title: 'STATES',
        value: ({ states }) =>
          Object.entries(states)
            .map(([state, count]) => `${count} ${state}`)
            .join(', '),
      },
      { title: 'ONE OF THEM', value: ({ samples }) => samples[0] ?? null },
    ])
}

function showRule({ output, nowMs }: Pick<Context, 'output' | 'nowMs'>, rule: Rule): void {
  const { id, kind, name, queue, per, title, file, by, at, reason, removedBy, removedAt, removedReason } = rule
  output.out(`${output.paint('bold', safeLine(name ?? `${kind} of causes`))}  ${id}`)
  const told: readonly (readonly [string, string | null])[] = [
    ['letters', lettersText(rule)],
    ['queue', kind === 'rule' ? (queue ?? 'every queue') : null],
    ['cause', rule.into ?? (per === null ? 'one of its own' : `one for each value of ${per}`)],
    ['title', title],
    ['said', file ?? `${ago(at, nowMs)} ago by ${by}`],
    ['why', reason],
    ['taken back', removedAt === null ? null : `${ago(removedAt, nowMs)} ago by ${removedBy}`],
    ['why', removedReason],
    ...rule.regroupings.map((one) => ['moved', `${progressText(one)}, ${ago(one.startedAt, nowMs)} ago`] as const),
  ]
  for (const [key, value] of told)
    if (value !== null) output.out(`${output.paint('dim', key.padEnd(11))}${safeLine(value)}`)
  if (removedAt === null && file === null) output.say(`Take it back: redrive rules remove ${id} --reason '…'`)
}

function lettersText({ kind, where, causes, queue }: Rule): string {
  const of = kind === 'rule' ? (queue === null ? [] : [`of ${queue}`]) : [`of ${causes.join(', ')}`]
  return [...where, ...of].join(' and ')
}

function progressText(one: Regrouping | undefined): string {
  if (one === undefined) return '–'
  const { moved, looked, unjudged, endedAt } = one
  const stay = unjudged === 0 ? '' : `, ${unjudged} cannot be judged`
  return `${moved} of ${looked}${stay}${endedAt === null ? ', going on' : ''}`
}
