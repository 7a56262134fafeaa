import type { Clock } from '@redrive/worker'
import { AwsV4Signer } from 'aws4fetch'
import type { S3Config } from '../../config/index.ts'

/** What the store said. */
export interface S3Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
  /** How often it was asked; more than once, and an earlier request may have been carried out. */
  readonly attempts: number
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  /** Of an object; '' is the bucket. */
  readonly key: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Hex, of the body. */
  readonly sha256?: string
  /** An answer that is larger is broken off. @default 64 KiB */
  readonly maxBytes?: number
}

/** Why there is no answer: a code, never an address. */
export class S3Silence extends Error {
  /** Whether asking again may help. */
  readonly isPassing: boolean
  constructor(message: string, options: { readonly isPassing: boolean }) {
    super(message)
    this.isPassing = options.isPassing
  }
}

const maxAttempts = 4
const firstRestMs = 200
const patienceMs = 30_000
/** Added to the patience: a slow line is no silence. */
const slowestBytesPerMs = 100
const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/**
 * One request, signed, tried again while the store does not answer or says that it cannot just now. A redirect is not followed: it would carry
 * letters to somebody who was not named.
 * @throws S3Silence
 */
export async function askS3(config: S3Config, request: S3Request, clock: Clock): Promise<S3Answer> {
  for (let attempts = 1; ; attempts += 1) {
    const outcome = await once(config, request)
    const isPassing = outcome instanceof S3Silence ? outcome.isPassing : isPassingStatus(outcome.status)
    if (isPassing && attempts < maxAttempts) {
      await clock.sleep(firstRestMs * 2 ** (attempts - 1) * (0.5 + Math.random()))
      continue
    }
    if (outcome instanceof S3Silence) throw outcome
    return { ...outcome, attempts }
  }
}

const isPassingStatus = (status: number): boolean => status >= 500 || [408, 409, 429].includes(status)

async function once(config: S3Config, request: S3Request): Promise<Omit<S3Answer, 'attempts'> | S3Silence> {
  const { method, body, maxBytes = 64 * 1024 } = request
  const { url, headers } = await new AwsV4Signer({
    method,
    url: addressOf(config, request),
    headers: { ...request.headers, 'x-amz-content-sha256': request.sha256 ?? emptySha256 },
    accessKeyId: config.accessKeyId,
    secretAccessKey: config.secretAccessKey,
    region: config.region,
    service: 's3',
  }).sign()
  const timeoutMs = patienceMs + Math.ceil(Math.max(body?.length ?? 0, maxBytes) / slowestBytesPerMs)
  const signal = AbortSignal.timeout(timeoutMs)
  const sent = body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }
  try {
    const answer = await fetch(url, { method, headers, redirect: 'manual', signal, ...sent })
    const read = await bodyOf(answer, maxBytes)
    return read === null
      ? new S3Silence('the answer is longer than what was asked for', { isPassing: false })
      : { status: answer.status, headers: answer.headers, body: read }
  } catch (error) {
    return new S3Silence(`no answer (${codeOf(error)})`, { isPassing: true })
  }
}

function addressOf({ bucket, region, endpoint, prefix }: S3Config, { key, query = {} }: S3Request): string {
  // A certificate is for one name before the region, so a bucket with a dot goes into the path.
  const isInPath = endpoint !== null || bucket.includes('.')
  const host = endpoint?.replace(/\/$/, '') ?? `https://${isInPath ? '' : `${bucket}.`}s3.${region}.amazonaws.com`
  const path = [...(isInPath ? [bucket] : []), ...(key === '' || prefix === '' ? [] : [prefix]), key]
  return `${host}/${path.join('/')}${Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query).toString()}`}`
}

/** `null`: it is longer. */
async function bodyOf(answer: Response, maxBytes: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of answer.body ?? []) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > maxBytes) return null
  }
  return Buffer.concat(chunks)
}

/** The message of a failed fetch holds the address. */
function codeOf(error: unknown): string {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } }
  if (typeof cause?.code === 'string') return cause.code
  return error instanceof Error ? error.name : 'unknown'
}

/** `403 AccessDenied`; the code is a word of the protocol, or left out. */
export function saidBy({ status, body }: S3Answer): string {
  const code = /<Code>([A-Za-z]{1,60})<\/Code>/.exec(body.toString('latin1'))?.[1]
  return `it answered ${status}${code === undefined ? '' : ` ${code}`}`
}
