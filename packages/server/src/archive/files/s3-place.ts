import { createHash } from 'node:crypto'
import { type Clock, systemClock } from '@redrive/worker'
import type { S3Config } from '../../config/index.ts'
import {
  type ArchivePlace,
  checkFileName,
  isArchiveFileName,
  type RandomReader,
  unreadable,
  unwritable,
} from './place.ts'
import { askS3, type S3Answer, type S3Request, S3Silence, saidBy } from './s3-request.ts'

/**
 * A bucket of S3, or of what speaks like it. The store is asked not to overwrite (`If-None-Match: *`), is given the SHA-256 of the bytes, signed,
 * and has to know it afterwards.
 */
export function s3Place(config: S3Config, options: { readonly clock?: Clock } = {}): ArchivePlace {
  const description = `s3://${config.bucket}${config.prefix === '' ? '' : `/${config.prefix}`}`
  const s3: S3 = {
    config,
    description,
    ask: (request) => askS3(config, request, options.clock ?? systemClock),
  }
  return {
    description,
    put: (name, bytes) => put(s3, name, bytes),
    open: (name) => openObject(s3, name),
    remove: (name) => remove(s3, name),
    list: () => list(s3),
  }
}

interface S3 {
  readonly config: S3Config
  readonly description: string
  ask(request: S3Request): Promise<S3Answer>
}

const hintOfReading =
  'Check address, region, credentials and rights in archive.s3 of redrive.yaml, and whether the store answers.'

async function put(s3: S3, name: string, bytes: Uint8Array): Promise<void> {
  checkFileName(name)
  const object = `${s3.description}/${name}`
  const digest = createHash('sha256').update(bytes).digest()
  const checksum = digest.toString('base64')
  const answer = await written(object, () =>
    s3.ask({
      method: 'PUT',
      key: name,
      body: bytes,
      sha256: digest.toString('hex'),
      headers: {
        'content-type': 'application/octet-stream',
        'if-none-match': '*',
        'x-amz-checksum-sha256': checksum,
      },
    }),
  )
  const isTaken = answer.status === 412
  // The answer to an earlier attempt may have been lost: then what is there is ours.
  if (isTaken && (answer.attempts === 1 || !(await holds(s3, { name, bytes, checksum }))))
    throw unwritable(`${object} is there already; nothing is overwritten`)
  if (isTaken) return
  if (answer.status !== 200) throw unwritable(`${object} cannot be written: ${saidBy(answer)}`)
  const said = answer.headers.get('x-amz-checksum-sha256')
  if (said !== checksum && !(await holds(s3, { name, bytes, checksum })))
    throw unwritable(`${object} was written, but the store holds other bytes`)
}

/** Whether these bytes are there: by the store's checksum, or, where it has none, by reading them. */
async function holds(
  s3: S3,
  { name, bytes, checksum }: { readonly name: string; readonly bytes: Uint8Array; readonly checksum: string },
): Promise<boolean> {
  return written(`${s3.description}/${name}`, async () => {
    // A byte more than there should be, so that a longer one is seen to be another.
    const headers = { range: `bytes=0-${bytes.length}` }
    const answer = await s3.ask({ method: 'GET', key: name, headers, maxBytes: bytes.length + 1_024 })
    return (
      (answer.status === 200 || answer.status === 206) &&
      createHash('sha256').update(answer.body).digest('base64') === checksum
    )
  })
}

async function openObject(s3: S3, name: string): Promise<RandomReader> {
  checkFileName(name)
  const object = `${s3.description}/${name}`
  const answer = await read(object, () => s3.ask({ method: 'HEAD', key: name }))
  if (answer.status === 404) throw unreadable(`${object} is not there`)
  const length = answer.headers.get('content-length') ?? ''
  if (answer.status !== 200 || !/^\d{1,15}$/.test(length))
    throw unreadable(`${object} cannot be read: ${saidBy(answer)}`, { hint: hintOfReading })
  const byteLength = Number(length)
  const etag = answer.headers.get('etag')
  return {
    byteLength,
    async slice(from, to = byteLength) {
      if (from < 0 || to < from || to > byteLength) throw unreadable(`${object} ends before byte ${to}`)
      if (from === to) return new ArrayBuffer(0)
      const headers = { range: `bytes=${from}-${to - 1}`, ...(etag === null ? {} : { 'if-match': etag }) }
      const part = await read(object, () =>
        s3.ask({ method: 'GET', key: name, headers, maxBytes: Math.max(to - from, 1_024) }),
      )
      if (part.status === 412 || part.status === 404 || part.status === 416)
        throw unreadable(`${object} was replaced or removed while it was read`)
      const isPart = part.status === 206 || (part.status === 200 && to - from === byteLength)
      if (!isPart) throw unreadable(`${object} cannot be read: ${saidBy(part)}`, { hint: hintOfReading })
      if (part.body.length !== to - from) throw unreadable(`${object} gives ${part.body.length} bytes of ${to - from}`)
      return Uint8Array.from(part.body).buffer
    },
    close: async () => undefined,
  }
}

async function remove(s3: S3, name: string): Promise<void> {
  checkFileName(name)
  const object = `${s3.description}/${name}`
  const answer = await written(object, () => s3.ask({ method: 'DELETE', key: name }))
  if (![200, 204, 404].includes(answer.status)) throw unwritable(`${object} cannot be removed: ${saidBy(answer)}`)
}

const maxPageBytes = 8 * 1024 * 1024

async function* list(s3: S3): AsyncGenerator<{ readonly name: string; readonly bytes: number }> {
  const prefix = s3.config.prefix === '' ? '' : `${s3.config.prefix}/`
  for (let token: string | null = null; ; ) {
    const query: Record<string, string> = {
      'list-type': '2',
      prefix,
      ...(token === null ? {} : { 'continuation-token': token }),
    }
    const answer = await read(s3.description, () => s3.ask({ method: 'GET', key: '', query, maxBytes: maxPageBytes }))
    if (answer.status !== 200)
      throw unreadable(`${s3.description} cannot be listed: ${saidBy(answer)}`, { hint: hintOfReading })
    const page = answer.body.toString('utf8')
    for (const { key, bytes } of contentsOf(page)) {
      const name = key.slice(prefix.length)
      if (key.startsWith(prefix) && isArchiveFileName(name)) yield { name, bytes }
    }
    const next = textOf(page, 'NextContinuationToken')
    if (next === null) return
    if (next === token) throw unreadable(`${s3.description} cannot be listed: it gives the same page again`)
    token = next
  }
}

/** Names that need escapes are none of ours. */
function contentsOf(page: string): readonly { readonly key: string; readonly bytes: number }[] {
  return page
    .split('<Contents>')
    .slice(1)
    .flatMap((each) => {
      const key = textOf(each, 'Key')
      const size = textOf(each, 'Size')
      return key === null || size === null || !/^\d{1,15}$/.test(size) ? [] : [{ key, bytes: Number(size) }]
    })
}

function textOf(xml: string, tag: string): string | null {
  const from = xml.indexOf(`<${tag}>`)
  const to = xml.indexOf(`</${tag}>`, from)
  if (from < 0 || to < 0) return null
  return xml
    .slice(from + tag.length + 2, to)
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

async function read<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    if (!(cause instanceof S3Silence)) throw cause
    throw unreadable(`${what} cannot be read: ${cause.message}`, { cause, hint: hintOfReading })
  }
}

async function written<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    if (!(cause instanceof S3Silence)) throw cause
    throw unwritable(`${what} cannot be written: ${cause.message}`, { cause })
  }
}
