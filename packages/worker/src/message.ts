/** One header as the carrier holds it. Duplicates and order count, so headers travel as a list, never as a map. */
export interface Header {
  readonly name: string
  /** The raw bytes; `null` where the carrier distinguishes null from empty (Kafka, AMQP void). */
  readonly value: Uint8Array | null
  /**
   * Set only where the carrier's own value is not text or bytes (AMQP integers, tables, timestamps):
   * `value` then holds that carrier's value as UTF-8 JSON, in the form its adapter documents.
   */
  readonly type?: 'json'
}

/**
 * A message as it travels: bytes, never parsed. `null` and empty are two different things for `key` and `body`.
 */
export interface Message {
  readonly key: Uint8Array | null
  readonly body: Uint8Array | null
  readonly headers: readonly Header[]
  /** The carrier's own settings of a message (AMQP basic properties, pg-boss job options), kept and replayed as they are. */
  readonly properties?: Readonly<Record<string, unknown>>
  /** Epoch milliseconds given by the producer or the broker. On send: written where the carrier takes a timestamp. */
  readonly timestampMs?: number
}

/** Bytes a message takes: key, body and headers, without the carrier's framing. */
export function messageBytes(message: Message): number {
  let bytes = (message.key?.byteLength ?? 0) + (message.body?.byteLength ?? 0)
  for (const header of message.headers) bytes += header.name.length + (header.value?.byteLength ?? 0)
  return bytes
}
