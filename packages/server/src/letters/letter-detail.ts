import type { Header, Tier } from '@redrive/worker'
import { decodeHeaders } from '../store/header-list.ts'
import { showArchiveId, showCauseId, showLetterId } from '../store/ids.ts'

/** One letter with everything that is known of it. Bytes are base64; the text views beside them are derived and may be wrong. */
export interface LetterDetail {
  readonly id: string
  readonly queue: string
  readonly cause: { readonly id: string; readonly title: string; readonly tier: Tier }
  readonly state: string
  readonly capturedAt: string
  readonly captured: { readonly from: string; readonly partition: string; readonly position: string | null }
  readonly origin: {
    readonly system: string | null
    readonly place: string | null
    readonly partition: string | null
    readonly position: string | null
    readonly consumer: string | null
    readonly route: unknown
  }
  readonly failure: {
    readonly errorClass: string | null
    readonly message: string | null
    readonly stack: string | null
    readonly reason: string | null
    readonly attempts: number | null
    readonly firstFailedAt: string | null
    readonly lastFailedAt: string | null
    readonly service: string | null
    readonly release: string | null
    readonly host: string | null
    readonly traceparent: string | null
  }
  /** Its place in the line of its key, where its worker keeps lines; `behind` while it is held. */
  readonly line: {
    readonly place: number
    /** Unresolved letters before it, as far as the office knows. */
    readonly before: number
    /** The first of them; `null` when none is known. */
    readonly behind: string | null
  } | null
  /** Per field of `origin` and `failure`: `exact` or `inferred`. */
  readonly confidence: Readonly<Record<string, string>>
  readonly readers: readonly string[]
  /** What was replaced before it was stored, and where, like `email in body`: it is nowhere here. Of the letter as it was captured. */
  readonly redacted: readonly string[]
  /** Of the version that counts: what a replay sends. */
  readonly message: {
    /** 0: as it was captured. */
    readonly version: number
    readonly key: Bytes | null
    /** At most its first MiB; the whole is at `/letters/:id/body`. */
    readonly body: Bytes | null
    readonly bodyBytes: number | null
    readonly bodySha256: string
    readonly headers: readonly {
      readonly name: string
      readonly value: Bytes | null
      readonly strippedOnReplay: boolean
    }[]
    readonly properties: unknown
    readonly timestamp: string | null
    readonly bytes: number
  }
  readonly replays: readonly ReplayOfLetter[]
  /** Where its bytes are instead, of a letter that is archived. */
  readonly archive: {
    /** `x_…` */
    readonly id: string
    /** Why they could not be read there now. */
    readonly problem: string | null
  } | null
}

export interface Bytes {
  readonly base64: string
  /** UTF-8 view, only where the bytes are valid UTF-8. */
  readonly text: string | null
}

export interface ReplayOfLetter {
  readonly id: string
  readonly run: string
  readonly place: string
  readonly state: string
  readonly outcome: string
  readonly intendedAt: string
  readonly outcomeAt: string | null
  readonly why: string | null
  readonly returnedAs: string | null
}

/** Most bytes of a body that are shown. */
export const shownBytes = 1_048_576

export interface ContentRow {
  readonly id: string
  readonly queue: string
  readonly cause_id: string
  readonly title: string
  readonly tier: Tier
  readonly state: string
  readonly captured_at: Date
  readonly source_place: string
  readonly version: number
  readonly key: Buffer | null
  readonly body: Buffer | null
  readonly body_bytes: number | null
  readonly body_sha256: Buffer
  readonly headers: Buffer
  readonly properties: Buffer | null
  readonly timestamp_ms: string | null
  readonly partition: string
  readonly position: string | null
  readonly bytes: number
  readonly origin_system: string | null
  readonly origin_place: string | null
  readonly origin_partition: string | null
  readonly origin_position: string | null
  readonly origin_route: unknown
  readonly consumer: string | null
  readonly error_class: string | null
  readonly message: string | null
  readonly stack: string | null
  readonly reason: string | null
  readonly attempts: number | null
  readonly first_failed_at: Date | null
  readonly last_failed_at: Date | null
  readonly service: string | null
  readonly release: string | null
  readonly host: string | null
  readonly traceparent: string | null
  readonly archive_id: string | null
  readonly line_at: string | null
  readonly line_before: number
  readonly line_behind: string | null
  readonly readers: readonly string[]
  readonly failure_headers: readonly string[]
  readonly confidence: Readonly<Record<string, string>>
  readonly redacted: readonly string[] | null
}

export function detailOf(row: ContentRow, replays: readonly ReplayOfLetter[]): LetterDetail {
  return {
    id: showLetterId(row.id),
    queue: row.queue,
    cause: { id: showCauseId(row.cause_id), title: row.title, tier: row.tier },
    state: row.state,
    capturedAt: row.captured_at.toISOString(),
    captured: { from: row.source_place, partition: row.partition, position: row.position },
    origin: {
      system: row.origin_system,
      place: row.origin_place,
      partition: row.origin_partition,
      position: row.origin_position,
      consumer: row.consumer,
      route: row.origin_route,
    },
    failure: {
      errorClass: row.error_class,
      message: row.message,
      stack: row.stack,
      reason: row.reason,
      attempts: row.attempts,
      firstFailedAt: iso(row.first_failed_at),
      lastFailedAt: iso(row.last_failed_at),
      service: row.service,
      release: row.release,
      host: row.host,
      traceparent: row.traceparent,
    },
    line:
      row.line_at === null
        ? null
        : {
            place: Number(row.line_at),
            before: row.line_before,
            behind: row.line_behind === null ? null : showLetterId(row.line_behind),
          },
    confidence: row.confidence,
    readers: row.readers,
    redacted: row.redacted ?? [],
    message: {
      version: row.version,
      ...shownBytesOf(row, row.failure_headers),
      bodyBytes: row.body_bytes,
      bodySha256: row.body_sha256.toString('hex'),
      timestamp: row.timestamp_ms === null ? null : iso(new Date(Number(row.timestamp_ms))),
      bytes: row.bytes,
    },
    replays,
    archive: row.archive_id === null ? null : { id: showArchiveId(row.archive_id), problem: null },
  }
}

/** The bytes of a letter as it shows them. */
export function shownBytesOf(
  content: Pick<ContentRow, 'key' | 'body' | 'headers' | 'properties'>,
  failureHeaders: readonly string[],
): Pick<LetterDetail['message'], 'key' | 'body' | 'headers' | 'properties'> {
  const stripped = new Set(failureHeaders)
  return {
    key: bytesOf(content.key),
    body: bytesOf(content.body),
    headers: decodeHeaders(content.headers).map(({ name, value }: Header) => ({
      name,
      value: bytesOf(value),
      strippedOnReplay: stripped.has(name),
    })),
    properties: content.properties === null ? null : parsed(content.properties),
  }
}

function bytesOf(value: Uint8Array | null): Bytes | null {
  if (value === null) return null
  const buffer = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return { base64: buffer.toString('base64'), text: textOf(buffer) }
}

function textOf(buffer: Buffer): string | null {
  try {
    // A character that the cut went through is left out.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(buffer, {
      stream: buffer.length === shownBytes,
    })
  } catch {
    return null
  }
}

function parsed(buffer: Buffer): unknown {
  try {
    return JSON.parse(buffer.toString('utf8'))
  } catch {
    return null
  }
}

export function iso(date: Date | null): string | null {
  return date === null || Number.isNaN(date.getTime()) ? null : date.toISOString()
}
