/**
 * The columns of the two files, in their order, by the names of the fields; a column is called as its field, in snake_case. `?`: may be null.
 * `list` is a list of text, as JSON text. Whoever changes this changes the format: see `formatNumber` in `manifest.ts`.
 */
export const letterShape = {
  id: 'uuid',
  queue: 'text',
  sourceBroker: 'text',
  sourcePlace: 'text',
  identity: 'bytes',
  cause: 'text',
  title: 'text',
  tier: 'text',
  state: 'text',
  changedAt: 'time',
  version: 'int32',
  key: 'bytes?',
  body: 'bytes?',
  bodySha256: 'bytes',
  headers: 'bytes',
  // of the column before it, for people who read the file; never read back
  headersJson: 'text?',
  properties: 'bytes?',
  timestampMs: 'int64?',
  partition: 'text',
  position: 'int64?',
  bytes: 'int32',
  originSystem: 'text?',
  originPlace: 'text?',
  originPartition: 'text?',
  originPosition: 'text?',
  originRoute: 'text?',
  consumer: 'text?',
  errorClass: 'text?',
  message: 'text?',
  stack: 'text?',
  reason: 'text?',
  attempts: 'int32?',
  firstFailedAt: 'time?',
  lastFailedAt: 'time?',
  service: 'text?',
  release: 'text?',
  host: 'text?',
  traceparent: 'text?',
  wireId: 'text?',
  replayId: 'uuid?',
  hops: 'int32?',
  readers: 'list',
  failureHeaders: 'list',
  confidence: 'text',
  // where its versions lie in the other file: how many rows, from which row on
  versions: 'int32',
  versionsFrom: 'int32',
} as const

export const versionShape = {
  letterId: 'uuid',
  version: 'int32',
  parent: 'int32',
  author: 'text',
  reason: 'text',
  createdAt: 'time',
  key: 'bytes?',
  body: 'bytes?',
  bodySha256: 'bytes',
  headers: 'bytes',
  headersJson: 'text?',
  contentSha256: 'bytes',
  bytes: 'int32',
  edit: 'text',
  transformId: 'uuid?',
} as const

export type Kind = 'uuid' | 'text' | 'list' | 'bytes' | 'int32' | 'int64' | 'time'
export type Shape = Readonly<Record<string, Kind | `${Kind}?`>>

interface ValueOf {
  readonly uuid: string
  readonly text: string
  readonly list: readonly string[]
  readonly bytes: Uint8Array
  readonly int32: number
  readonly int64: bigint
  readonly time: Date
}

/** A row as the program has it. */
export type RowOf<S extends Shape> = {
  readonly [Field in keyof S]: S[Field] extends Kind
    ? ValueOf[S[Field]]
    : S[Field] extends `${infer K extends Kind}?`
      ? ValueOf[K] | null
      : never
}

export type LetterRow = RowOf<typeof letterShape>
export type VersionRow = RowOf<typeof versionShape>

export interface Column {
  readonly field: string
  /** In the file. */
  readonly name: string
  readonly kind: Kind
  readonly isNullable: boolean
}

export function columnsOf(shape: Shape): readonly Column[] {
  return Object.entries(shape).map(([field, kind]) => ({
    field,
    name: field.replaceAll(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`),
    kind: kind.replace('?', '') as Kind,
    isNullable: kind.endsWith('?'),
  }))
}
