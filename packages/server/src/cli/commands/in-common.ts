import { type GlobalOptions, withOffice } from '../context.ts'
import { type Output, printTable } from '../output.ts'
import { safeLine } from '../safe-text.ts'

interface Token {
  readonly facet: string
  readonly what: 'is' | 'starts' | 'range' | 'kind' | 'there' | 'missing'
  readonly value: string | null
}

interface Share {
  readonly with: number
  readonly of: number
}

interface Common extends Token {
  readonly inSet: Share
  readonly others: Share
  readonly surprise: number
  readonly also: readonly Token[]
  readonly alsoMore: number
}

interface Side {
  readonly letters: number
  readonly counted: boolean
  readonly looked: number
  readonly bodies: number
}

interface InCommon {
  readonly against: 'letters' | 'healthy'
  readonly verdict: 'found' | 'nothing' | 'too-few' | 'no-others'
  readonly common: readonly Common[]
  readonly more: number
  readonly queues: readonly string[]
  readonly set: Side & { readonly complete: boolean }
  readonly others: Side & { readonly from: string | null; readonly to: string | null }
  readonly tests: number
  readonly leftOut: readonly string[]
}

export interface CommonOptions extends GlobalOptions {
  readonly against?: string
}

export function causeCommonCommand(id: string, options: CommonOptions): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    print(output, await client.get<InCommon>(`/causes/${encodeURIComponent(id)}/common`, askedOf(options)))
  })
}

export function commonCommand(query: readonly string[], options: CommonOptions): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    print(output, await client.get<InCommon>('/letters/common', { q: query.join(' '), ...askedOf(options) }))
  })
}

function askedOf({ against }: CommonOptions): Record<string, string> {
  return against === undefined ? {} : { against }
}

function print(output: Output, found: InCommon): void {
  if (output.json) return output.out(JSON.stringify(found))
  if (found.common.length > 0) printCommon(output, found)
  for (const line of said(found)) output.say(safeLine(line))
}

function printCommon(output: Output, { common, against }: InCommon): void {
  printTable(output, common, [
    { title: 'FACET', value: ({ facet }) => facet, max: 40 },
    { title: 'VALUE', value: valueText, max: 40 },
    { title: 'HERE', value: ({ inSet }) => shareText(inSet), align: 'right' },
    { title: against === 'healthy' ? 'HANDLED' : 'OTHERS', value: ({ others }) => shareText(others), align: 'right' },
    { title: 'AT LEAST', value: ({ surprise }) => `+${Math.floor(surprise * 100)}`, align: 'right' },
    { title: 'THE SAME LETTERS', value: alsoText, max: 80 },
  ])
}

/** A value has a sign in front, so that none can pass for what is said about one. */
function valueText({ what, value }: Token): string {
  switch (what) {
    case 'is':
      return `= ${value ?? ''}`
    case 'starts':
      return `= ${value ?? ''}…`
    case 'range':
      return `in ${value ?? ''}`
    case 'kind':
      return `is ${value ?? ''}`
    default:
      return what
  }
}

/** Never rounded to none or to all. */
function shareText({ with: some, of }: Share): string {
  const percent = (some / of) * 100
  const shown = some === 0 ? '0' : some === of ? '100' : percent < 1 ? '<1' : percent > 99 ? '>99' : percent.toFixed(0)
  return `${shown} % (${some} of ${of})`
}

function alsoText({ also, alsoMore }: Common): string {
  const named = also.map((token) => `${token.facet} ${valueText(token)}`)
  return [...named, ...(alsoMore > 0 ? [`${alsoMore} more`] : [])].join(', ')
}

/** What was compared, what it means and what to do next. */
function said(found: InCommon): readonly string[] {
  const { set, others, queues, verdict, tests, leftOut, more, against } = found
  if (set.letters === 0 && set.complete) return ['No letter is like that.']
  if (set.letters === 0)
    return ['None of the newest letters is like that; older ones were not looked at. Name their cause or queue.']
  const of = queues.length === 1 ? `of the queue ${queues[0]}` : `of ${queues.length} queues`
  const newest = set.complete ? '' : ', the newest of those that match,'
  const span = `captured from ${others.from?.slice(0, 16)}Z to ${others.to?.slice(0, 16)}Z`
  const healthy = `with ${messagesText(others)} ${of} that were handled, told from ${others.from?.slice(0, 16)}Z to ${others.to?.slice(0, 16)}Z by the workers of the same consumers.`
  const compared =
    against === 'healthy'
      ? `Compared: ${sideText(set)}${newest} in any state ${healthy} Only what both tell is compared.`
      : `Compared: ${sideText(set)}${newest} with ${sideText(others)} that are not like that, ${of}, ${span}, all in any state. Only dead letters are compared.`
  return [
    ...(more > 0 ? [`${more} more were found; these are the most surprising.`] : []),
    compared,
    ...(leftOut.length > 0 ? [`Left out: ${leftOut.join(', ')}.`] : []),
    ...(against === 'healthy' && verdict === 'no-others' ? noHealthy : next[verdict](tests)),
  ]
}

function messagesText({ letters, looked }: Side): string {
  return looked === letters ? `${looked} messages` : `a random ${looked} of ${letters} messages`
}

const noHealthy = [
  'There is nothing to compare with: workers told of fewer than 5 messages that were handled around then. Those with @redrive/worker do so by themselves, unless traffic is off; see redrive queue show.',
]

function sideText({ letters, counted, looked, bodies }: Side): string {
  const unread = looked - bodies
  const large = unread === 0 ? '' : ` (${unread} whose body was not looked into)`
  const many = counted ? String(letters) : `about ${letters}`
  return `${looked === letters ? `${looked} letters` : `a random ${looked} of ${many} letters`}${large}`
}

const next: Readonly<Record<InCommon['verdict'], (tests: number) => readonly string[]>> = {
  found: (tests) => [
    `Where nothing differs, the chance to see anything here is at most 5 % over all ${tests} comparisons. What differs need not be the reason.`,
  ],
  nothing: () => [
    'Nothing sets these apart: no value is more frequent here by ten points or more, beyond chance.',
    'Look at one (redrive letter show), or compare fewer: redrive common "cause:c_… age:<2h".',
  ],
  'too-few': () => ['At least 5 letters are needed to say anything. Look at them: redrive letter show l_…'],
  'no-others': () => [
    'There is nothing to compare with: fewer than 5 other letters died around then. Compare a part: redrive common "cause:c_… release:1.4.1".',
  ],
}
