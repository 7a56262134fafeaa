import type { Client } from '../client.ts'
import { type GlobalOptions, withOffice } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { ago, type Output, printTable, size } from '../output.ts'
import { type Revealing, revealOf } from '../reveal.ts'
import { safeLine, safeText } from '../safe-text.ts'
import { printVersions, type Version } from './letter-edit.ts'

interface LetterSummary {
  readonly id: string
  readonly queue: string
  readonly cause: string
  readonly tier: string
  readonly state: string
  readonly heldBehind: string | null
  readonly errorClass: string | null
  readonly message: string | null
  readonly key: string | null
  readonly attempts: number | null
  readonly capturedAt: string
}

interface Bytes {
  readonly base64: string
  readonly text: string | null
}

interface LetterDetail {
  readonly id: string
  readonly queue: string
  readonly cause: { readonly id: string; readonly title: string; readonly tier: string }
  readonly state: string
  readonly capturedAt: string
  readonly captured: { readonly from: string; readonly partition: string; readonly position: string | null }
  readonly origin: Readonly<Record<'system' | 'place' | 'partition' | 'position' | 'consumer', string | null>>
  readonly failure: Readonly<
    Record<
      | 'errorClass'
      | 'message'
      | 'stack'
      | 'reason'
      | 'firstFailedAt'
      | 'lastFailedAt'
      | 'service'
      | 'release'
      | 'host'
      | 'traceparent',
      string | null
    >
  > & {
    readonly attempts: number | null
  }
  readonly line: { readonly before: number; readonly behind: string | null } | null
  readonly readers: readonly string[]
  readonly redacted: readonly string[]
  readonly masked: readonly string[]
  readonly archive: { readonly id: string; readonly problem: string | null } | null
  readonly message: {
    readonly key: Bytes | null
    readonly body: Bytes | null
    readonly bodySha256: string
    readonly headers: readonly {
      readonly name: string
      readonly value: Bytes | null
      readonly strippedOnReplay: boolean
    }[]
    readonly bytes: number
  }
  readonly replays: readonly {
    readonly run: string
    readonly place: string
    readonly state: string
    readonly outcome: string
    readonly why: string | null
    readonly returnedAs: string | null
  }[]
}

export function lettersCommand(
  query: readonly string[],
  options: GlobalOptions & {
    readonly limit: number
    readonly after?: string
    readonly jsonl?: boolean
    readonly requireMatch?: boolean
  },
): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const page = await lettersOf(client, { q: query.join(' '), limit: options.limit, after: options.after })
    if (options.jsonl) for (const letter of page.letters) output.out(JSON.stringify(letter))
    else if (output.json) output.out(JSON.stringify(page.letters))
    else if (page.letters.length > 0) printLetters(output, page.letters, nowMs)
    if (page.letters.length === 0 && !output.json)
      output.say('No letter matches. Lists show open letters; add state:any to see all.')
    if (page.next !== null && !output.json) output.say(output.paint('dim', `More: add --after ${page.next}`))
    return page.letters.length === 0 && options.requireMatch ? exitCodes.nothingMatched : exitCodes.ok
  })
}

interface LetterPage {
  readonly letters: readonly LetterSummary[]
  readonly next: string | null
}

/** A page that is as full as can be: the office may look at only so many letters at a time. */
async function lettersOf(
  client: Client,
  wanted: { readonly q: string; readonly limit: number; readonly after: string | undefined },
): Promise<LetterPage> {
  const letters: LetterSummary[] = []
  for (let after = wanted.after; ; ) {
    const page = await client.get<LetterPage>('/letters', { q: wanted.q, limit: wanted.limit - letters.length, after })
    letters.push(...page.letters)
    if (page.next === null || letters.length >= wanted.limit) return { letters, next: page.next }
    after = page.next
  }
}

export function letterShowCommand(
  id: string,
  options: GlobalOptions & Revealing & { readonly body?: boolean; readonly of?: number },
): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const path = `/letters/${encodeURIComponent(id)}`
    const reveal = revealOf(options)
    if (options.body) {
      process.stdout.write(await client.bytes(`${path}/body`, { version: options.of, reveal }))
      return
    }
    const letter = await client.get<LetterDetail>(path, { reveal })
    if (output.json) return output.out(JSON.stringify(letter))
    showLetter(output, letter)
    if (letter.redacted.length > 0) output.say(redactedText(letter))
    if (letter.masked.length > 0) output.say(maskedText(letter))
    // Its versions lie in the archive with it, and are not read from there.
    if (letter.state === 'archived') return
    const { versions } = await client.get<{ versions: readonly Version[] }>(`${path}/versions`)
    if (versions.length === 1) return
    output.out(`\n${output.paint('bold', 'Versions')}  (shown above and sent by a replay: *)`)
    printVersions(output, versions)
  })
}

function redactedText({ id, redacted }: LetterDetail): string {
  const lost = redacted.map(safeLine).join(', ')
  if (redacted.every((each) => each.endsWith(' in error'))) return `Never kept: ${lost}. A replay sends it as it was.`
  return `Never kept: ${lost}. It is replayed once somebody wrote what is missing: redrive letter edit ${id}`
}

function maskedText({ id, masked }: LetterDetail): string {
  return `Not shown: ${masked.map(safeLine).join(', ')}. Operators see it, and are noted in the audit trail, with: redrive letter show ${id} --reveal --reason …`
}

function printLetters(output: Output, letters: readonly LetterSummary[], nowMs: number): void {
  printTable(output, letters, [
    { title: 'LETTER', value: ({ id }) => id },
    { title: 'QUEUE', value: ({ queue }) => queue, max: 24 },
    { title: 'TIER', value: ({ tier }) => tier },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'KEY', value: ({ key }) => key, max: 20 },
    { title: 'ERROR', value: whyOf, max: 60 },
    { title: 'TRIES', value: ({ attempts }) => attempts, align: 'right' },
    { title: 'AGE', value: ({ capturedAt }) => ago(capturedAt, nowMs), align: 'right' },
  ])
}

function whyOf({ state, heldBehind, errorClass, message }: LetterSummary): string {
  if (state === 'held') return heldBehind === null ? 'held; it follows by itself' : `held behind ${heldBehind}`
  return [errorClass, message].filter(Boolean).join(': ')
}

function showLetter(output: Output, letter: LetterDetail): void {
  const { origin, failure, message } = letter
  const field = (name: string, value: string | number | null): void => {
    if (value !== null && value !== '') output.out(`${output.paint('dim', name.padEnd(12))}${safeLine(String(value))}`)
  }
  output.out(output.paint('bold', `${letter.id}  ${letter.state}`))
  field('cause', `${letter.cause.id}  ${letter.cause.tier}  ${letter.cause.title}`)
  field(
    'from',
    `${origin.place ?? 'unknown'}${origin.partition === null ? '' : ` partition ${origin.partition}`}${origin.position === null ? '' : ` position ${origin.position}`} (${origin.system ?? 'unknown system'}), consumer ${origin.consumer ?? 'unknown'}`,
  )
  field(
    'captured',
    `${letter.capturedAt} from ${letter.captured.from}${letter.captured.position === null ? '' : ` ${letter.captured.partition}/${letter.captured.position}`}`,
  )
  field('error', [failure.errorClass, failure.message].filter(Boolean).join(': '))
  field('reason', failure.reason)
  if (letter.state === 'held') field('held behind', heldText(letter.line))
  field('attempts', failure.attempts)
  field(
    'failed',
    failure.firstFailedAt === failure.lastFailedAt
      ? failure.lastFailedAt
      : `first ${failure.firstFailedAt ?? 'unknown'}, last ${failure.lastFailedAt ?? 'unknown'}`,
  )
  field(
    'worker',
    [failure.service, failure.release && `release ${failure.release}`, failure.host && `on ${failure.host}`]
      .filter(Boolean)
      .join(' '),
  )
  field('trace', failure.traceparent)
  if (letter.archive !== null)
    field(
      'archive',
      letter.archive.problem === null
        ? letter.archive.id
        : `${letter.archive.id}, not readable: ${letter.archive.problem}`,
    )
  field('read by', letter.readers.join(', ') || 'nobody: kept byte for byte')
  field('key', view(message.key))
  for (const { name, value, strippedOnReplay } of message.headers) {
    field('header', `${name}: ${view(value)}${strippedOnReplay ? '   (not replayed)' : ''}`)
  }
  field('body', `${size(message.bytes)} with headers, sha256 ${message.bodySha256}`)
  if (message.body !== null) output.out(safeText(cut(message.body.text ?? `base64 ${message.body.base64}`, 4_000)))
  if (failure.stack !== null) output.out(`\n${safeText(cut(failure.stack, 8_000))}`)
  for (const replay of letter.replays) {
    const returned = replay.returnedAs === null ? '' : ` as ${replay.returnedAs}`
    field(
      'replay',
      `${replay.run} to ${replay.place}: ${replay.state}, ${replay.outcome}${returned}${replay.why === null ? '' : ` (${replay.why})`}`,
    )
  }
}

function heldText(line: LetterDetail['line']): string {
  if (line === null || line.behind === null) return 'nothing that is known: it follows by itself'
  return line.before === 1 ? line.behind : `${line.behind} and ${line.before - 1} after that`
}

function view(bytes: Bytes | null): string {
  if (bytes === null) return 'null'
  return cut(bytes.text ?? `base64 ${bytes.base64}`, 300)
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)} … ${text.length - max} more characters (--json has all)`
}
