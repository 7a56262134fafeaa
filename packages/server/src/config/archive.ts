import path from 'node:path'
import { type TSchema, Type } from 'typebox'

/** Where archives lie: a folder, or a bucket of S3 or of what speaks like it. */
export type ArchiveConfig = { readonly folder: string } | { readonly s3: S3Config }

export interface S3Config {
  readonly bucket: string
  /** Before each name; without slashes at its ends. @default '' */
  readonly prefix: string
  readonly region: string
  /** `https://s3.example`, with the bucket in the path; `null`: Amazon's own. */
  readonly endpoint: string | null
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const key = 'By reference only: ${env:NAME} or ${file:/path}.'

export const archiveSchema: TSchema = Type.Object(
  {
    folder: Type.Optional(
      Type.String({
        description: 'A folder for archives alone, with room for them; relative to this file.',
        minLength: 1,
        maxLength: 1_000,
      }),
    ),
    s3: Type.Optional(
      Type.Object(
        {
          bucket: Type.String({ description: 'Has to be there.', pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$' }),
          prefix: Type.Optional(
            Type.String({
              description: 'Before the name of each object, as redrive/archive.',
              default: '',
              pattern: '^([A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)?$',
              maxLength: 200,
            }),
          ),
          region: Type.String({ description: 'As eu-central-1.', pattern: '^[a-z0-9-]{1,40}$' }),
          endpoint: Type.Optional(
            Type.String({
              description: 'Of a store that speaks S3, as https://s3.internal; without it Amazon’s.',
              pattern: '^(https?://[^\\s/@?#]+/?$|\\$\\{)',
              maxLength: 1_000,
            }),
          ),
          accessKeyId: Type.String({ description: key, minLength: 1, maxLength: 1_000 }),
          secretAccessKey: Type.String({ description: key, minLength: 1, maxLength: 1_000 }),
        },
        { additionalProperties: false, description: 'A bucket of S3, or of what speaks like it.' },
      ),
    ),
  },
  { additionalProperties: false, description: 'Where archived letters lie: one of folder and s3.' },
)

/** As it stands in the file. */
export interface RawArchive {
  readonly folder?: string
  readonly s3?: Omit<S3Config, 'prefix' | 'endpoint'> & Partial<Pick<S3Config, 'prefix' | 'endpoint'>>
}

/** Which settings of it are secrets, and may stand in the file by reference only. */
export const archiveSecrets: ReadonlySet<string> = new Set(['accessKeyId', 'secretAccessKey'])

/** @param base the folder of the file it stands in */
export function archiveOf(raw: RawArchive | undefined, base: string): ArchiveConfig | null {
  if (raw?.s3 !== undefined) return { s3: { prefix: '', endpoint: null, ...raw.s3 } }
  return raw?.folder === undefined ? null : { folder: path.resolve(base, raw.folder) }
}

/** What the shapes cannot say. */
export function archiveIssues(
  raw: RawArchive | undefined,
): readonly { readonly path: readonly string[]; readonly message: string }[] {
  if (raw === undefined) return []
  if ((raw.folder === undefined) === (raw.s3 === undefined))
    return [{ path: ['archive'], message: 'archives lie in one place: name a folder, or s3' }]
  const { endpoint } = raw.s3 ?? {}
  if (endpoint === undefined || endpoint === null || isOrigin(endpoint)) return []
  return [
    { path: ['archive', 's3', 'endpoint'], message: 'is no address of a server; write it as https://s3.internal' },
  ]
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`
}
