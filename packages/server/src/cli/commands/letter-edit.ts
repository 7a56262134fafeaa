import { type ChangeOptions, changeOf, readGiven } from '../change-options.ts'
import type { Client } from '../client.ts'
import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { type Output, printTable } from '../output.ts'
import { type PartDiff, printDiff } from '../print-diff.ts'
import { type Revealing, revealOf } from '../reveal.ts'
import { safeLine } from '../safe-text.ts'

export interface Version {
  readonly version: number
  readonly isCurrent: boolean
  readonly parent: number | null
  readonly author: string | null
  readonly reason: string | null
  readonly createdAt: string
  readonly edit: { readonly kinds?: readonly string[] } | null
  readonly transform: string | null
  readonly contentSha256: string
  readonly bytes: number
}

interface Versions {
  readonly letter: string
  readonly versions: readonly Version[]
}

interface Signed {
  readonly reason: string
  readonly by?: string
  readonly expectVersion?: number
}

export function letterEditCommand(
  id: string,
  options: GlobalOptions &
    ChangeOptions &
    Signed & {
      readonly body?: string | false
      readonly key?: string | false
      readonly keyFile?: string
      readonly ignoreSchema?: boolean
    },
): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const { body, key, keyFile } = options
    const answer = await client.post<Versions>(`${pathOf(id)}/versions`, {
      ...changeOf(options),
      ...(body === undefined ? {} : { body: body === false ? null : base64Of(body) }),
      ...(key === undefined ? {} : { key: key === false ? null : { text: key } }),
      ...(keyFile === undefined ? {} : { key: base64Of(keyFile) }),
      ...(options.ignoreSchema ? { ignoreSchema: true } : {}),
      ...signed(options),
    })
    if (output.json) return output.out(JSON.stringify(answer))
    const now = answer.versions.find(({ isCurrent }) => isCurrent)
    output.out(`${safeLine(answer.letter)} is at version ${now?.version ?? 0} now.`)
    await showDiff(client, output, { id, from: now?.parent ?? 0, to: now?.version ?? 0 })
    output.say(
      `Send it: redrive replay plan letter:${id}   Back: redrive letter revert ${id} ${now?.parent ?? 0} --reason …`,
    )
  })
}

export function letterVersionsCommand(id: string, options: GlobalOptions): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const { versions } = await client.get<Versions>(`${pathOf(id)}/versions`)
    if (output.json) return output.out(JSON.stringify(versions))
    printVersions(output, versions)
  })
}

export function letterDiffCommand(
  id: string,
  between: { readonly from: number | undefined; readonly to: number | undefined },
  options: GlobalOptions & Revealing,
): Promise<void> {
  return withOffice(options, ({ client, output }) =>
    showDiff(client, output, { id, ...between, reveal: revealOf(options) }),
  )
}

export function letterRevertCommand(id: string, version: number, options: GlobalOptions & Signed): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const answer = await client.post<Versions>(`${pathOf(id)}/revert`, { to: version, ...signed(options) })
    if (output.json) return output.out(JSON.stringify(answer))
    output.out(`${safeLine(answer.letter)} is at version ${version} again.`)
  })
}

export function printVersions(output: Output, versions: readonly Version[]): void {
  printTable(output, versions, [
    { title: 'VERSION', value: ({ version, isCurrent }) => `${version}${isCurrent ? ' *' : ''}` },
    { title: 'OF', value: ({ parent }) => parent },
    { title: 'WHAT', value: whatOf, max: 40 },
    { title: 'BY', value: ({ author }) => author, max: 24 },
    { title: 'AT', value: ({ createdAt }) => createdAt },
    { title: 'BYTES', value: ({ bytes }) => bytes, align: 'right' },
    { title: 'SHA256', value: ({ contentSha256 }) => contentSha256.slice(0, 12) },
    { title: 'WHY', value: ({ reason }) => reason, max: 60 },
  ])
}

function whatOf({ version, edit, transform }: Version): string {
  if (version === 0) return 'as it was captured'
  return `${edit?.kinds?.join(', ') ?? 'edit'}${transform === null ? '' : ` by ${transform}`}`
}

async function showDiff(
  client: Client,
  output: Output,
  {
    id,
    from,
    to,
    reveal,
  }: {
    readonly id: string
    readonly from: number | undefined
    readonly to: number | undefined
    readonly reveal?: string | undefined
  },
): Promise<void> {
  const diff = await client.get<{ from: number; to: number; parts: readonly PartDiff[] }>(`${pathOf(id)}/diff`, {
    from,
    to,
    reveal,
  })
  if (output.json) return output.out(JSON.stringify(diff))
  if (diff.parts.length === 0) output.say(`Versions ${diff.from} and ${diff.to} are the same.`)
  else printDiff(output, diff.parts)
}

const pathOf = (id: string): string => `/letters/${encodeURIComponent(id)}`
const base64Of = (file: string): { readonly base64: string } => ({ base64: readGiven(file).toString('base64') })

function signed({ reason, by, expectVersion }: Signed): object {
  return { reason, by: by ?? defaultName(), ...(expectVersion === undefined ? {} : { expectVersion }) }
}
