import { ago } from '../output.ts'

/** A cause as people see to it, as the API shows it. */
export interface CauseLife {
  readonly id: string
  readonly state: string
  readonly revision: number
  readonly owner: string | null
  readonly ownerFrom: 'cause' | 'queue' | null
  readonly assignee: string | null
  readonly stateBy: CauseEvent | null
  readonly waits: Waits | null
  readonly links: readonly {
    readonly id: number
    readonly kind: string
    readonly title: string | null
    readonly url: string
  }[]
  readonly queueRunbook: string | null
  readonly comments: { readonly total: number; readonly last: readonly CauseEvent[] }
}

interface Waits {
  readonly until: string | null
  readonly letters: number | null
  readonly came: number
  readonly release: string | null
}

export interface CauseEvent {
  readonly at: string
  readonly by: string
  readonly what: string
  readonly was: string
  readonly became: string
  readonly said: string | null
  readonly details: Readonly<Record<string, unknown>>
}

/** Who sees to it, what it waits for, what was linked and said: names and values, still to be made safe. */
export function lifeLines(life: CauseLife, nowMs: number): readonly (readonly [string, string])[] {
  const { stateBy, waits, owner, ownerFrom, assignee, links, queueRunbook, comments } = life
  const who = stateBy === null ? [] : [['since', eventText(stateBy, nowMs)] as const]
  return [
    ...who,
    ...(waits === null ? [] : [['waits', waitText(life.state, waits)] as const]),
    ['owner', owner === null ? 'nobody' : `${owner}${ownerFrom === 'queue' ? ' (of the queue)' : ''}`],
    ...(assignee === null ? [] : [['assignee', assignee] as const]),
    ...(queueRunbook === null ? [] : [['runbook', `${queueRunbook} (of the queue)`] as const]),
    ...links.map(
      ({ id, kind, title, url }) => ['link', `${id}  ${kind}  ${title === null ? url : `${title}  ${url}`}`] as const,
    ),
    ...comments.last.map((comment) => ['comment', eventText(comment, nowMs)] as const),
    ...(comments.total > comments.last.length
      ? [
          [
            'comment',
            `${comments.total - comments.last.length} earlier: redrive cause history ${life.id} --comments`,
          ] as const,
        ]
      : []),
    ['revision', String(life.revision)],
  ]
}

function eventText({ at, by, said }: CauseEvent, nowMs: number): string {
  return `${ago(at, nowMs)} ago by ${by}${said === null ? '' : `: ${said}`}`
}

function waitText(state: string, { until, letters, came, release }: Waits): string {
  if (state === 'fixed')
    return release === null
      ? 'regresses by any letter that dies after the fix'
      : `fixed in ${release}: regresses by a failure of it or of a newer one`
  const ends = [
    ...(until === null ? [] : [`until ${until}`]),
    ...(letters === null ? [] : [`for ${letters} more letters (${came} came)`]),
    ...(release === null ? [] : [`for a failure of ${release} or newer`]),
  ]
  return ends.join(', or ')
}

/** What a row of the history is about. */
export function detailText({ details }: CauseEvent): string {
  return Object.entries(details)
    .filter(([name, value]) => value !== null && name !== 'by')
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ')
}

/** What to do with it next. */
export function nextStep({ id, state }: { readonly id: string; readonly state: string }): string {
  switch (state) {
    case 'new':
    case 'open':
    case 'regressed':
      return `Work on it: redrive cause ack ${id}   or let it rest: redrive cause snooze ${id} --for 1d --reason '…'`
    case 'acknowledged':
      return `When the fix is out: redrive cause fix ${id} --in RELEASE`
    case 'fixed':
      return `Replay what died of it: redrive replay plan --cause ${id}   (sends nothing yet)`
    default:
      return `Sooner: redrive cause reopen ${id}`
  }
}
