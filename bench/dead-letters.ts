import { encodeWire, type Header, type Message, type Wire } from '@redrive/worker'

/** One kind of letter; `make` gives another one of it for every number, at the price of a copy. */
interface Kind {
  readonly share: number
  make(number: number): Message
}

/** Letters of about 2.4 KB of several causes, written by our worker, by Spring Kafka and by nobody known; no two are the same. */
export function deadLetters(): (number: number) => Message {
  const kinds: readonly Kind[] = [
    ...failures.map((failure, n) => ({ share: 3, make: ours(failure, n) })),
    { share: 2, make: spring() },
    { share: 1, make: unknown() },
  ]
  const turns = kinds.flatMap((kind) => Array.from({ length: kind.share }, () => kind))
  return (number) => {
    const kind = turns[number % turns.length]
    if (kind === undefined) throw new RangeError('there are kinds of letters')
    return kind.make(number)
  }
}

const failures = [
  {
    errorClass: 'ServiceUnavailableError',
    message: 'inventory answered 503 for order 000000000000',
    tier: 'transient',
    file: 'inventory-client',
  },
  {
    errorClass: 'TypeError',
    message: "Cannot read properties of undefined (reading 'slot') of order 000000000000",
    tier: 'permanent',
    file: 'allocate',
  },
  {
    errorClass: 'SyntaxError',
    message: 'Unexpected end of JSON input in order 000000000000',
    tier: 'malformed',
    file: 'parse-order',
  },
  {
    errorClass: 'TimeoutError',
    message: 'no answer within 2000 ms for order 000000000000',
    tier: 'timeout',
    file: 'reserve',
  },
] as const

/** Twelve zeros stand for the number. */
const mark = '000000000000'
const totalBytes = 2_400

function ours(failure: (typeof failures)[number], turn: number): (number: number) => Message {
  const stack = [
    `${failure.errorClass}: ${failure.message}`,
    `    at ${failure.file}Order (/app/src/${failure.file}.ts:${40 + turn}:11)`,
    '    at allocate (/app/src/allocate.ts:88:20)',
    '    at async handle (/app/src/handler.ts:17:5)',
    '    at async run (/app/node_modules/@redrive/worker/dist/worker.js:120:9)',
    '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
  ].join('\n')
  const wire: Wire = {
    id: `order-${mark}`,
    origin: {
      system: 'kafka',
      place: 'orders',
      consumer: 'reefer',
      partition: '3',
      position: mark,
      nativeId: null,
      timestampMs: nowMs,
    },
    attempts: 5,
    maxAttempts: 5,
    firstFailedAtMs: nowMs,
    lastFailedAtMs: nowMs + 60_000,
    failure: { errorClass: failure.errorClass, rootClass: failure.errorClass, message: failure.message },
    tier: failure.tier,
    reason: 'attempts',
    worker: { service: 'reefer', release: `2.${turn}.0`, host: `reefer-${turn}` },
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    hops: 1,
    crashes: 0,
    replayId: null,
    dueAtMs: null,
    history: [],
    line: null,
    notice: null,
  }
  return template({
    headers: encodeWire(wire, stack, { headerBytes: 4096, stackBytes: 32_768 }),
    key: `customer-${mark}`,
  })
}

function spring(): (number: number) => Message {
  const text = (name: string, value: string): Header => ({ name, value: Buffer.from(value) })
  const long = Buffer.alloc(8)
  long.writeBigInt64BE(4711n)
  const stack = [
    `org.springframework.kafka.listener.ListenerExecutionFailedException: Listener failed; order ${mark}`,
    '\tat org.springframework.kafka.listener.adapter.MessagingMessageListenerAdapter.invokeHandler(MessagingMessageListenerAdapter.java:457)',
    `Caused by: com.example.billing.RateMissingException: no rate for order ${mark}`,
    '\tat com.example.billing.Rates.find(Rates.java:52)',
    '\tat com.example.billing.Invoices.create(Invoices.java:31)',
  ].join('\n')
  return template({
    key: `invoice-${mark}`,
    headers: [
      text('kafka_dlt-original-topic', 'invoices'),
      { name: 'kafka_dlt-original-partition', value: Buffer.from([0, 0, 0, 2]) },
      { name: 'kafka_dlt-original-offset', value: long },
      text('kafka_dlt-original-consumer-group', 'billing'),
      text('kafka_dlt-exception-fqcn', 'org.springframework.kafka.listener.ListenerExecutionFailedException'),
      text('kafka_dlt-exception-cause-fqcn', 'com.example.billing.RateMissingException'),
      text('kafka_dlt-exception-message', `Listener failed; no rate for order ${mark}`),
      text('kafka_dlt-exception-stacktrace', stack),
    ],
  })
}

function unknown(): (number: number) => Message {
  return template({ key: null, headers: [{ name: 'content-type', value: Buffer.from('application/octet-stream') }] })
}

const nowMs = Date.UTC(2026, 0, 15, 12)

/** Copies of one message with the number written over the marks. */
function template({
  key,
  headers,
}: {
  readonly key: string | null
  readonly headers: readonly Header[]
}): (number: number) => Message {
  const headerBytes = headers.reduce((sum, { name, value }) => sum + name.length + (value?.byteLength ?? 0), 0)
  const body = `{"orderId":"${mark}","customer":"c-${mark}","items":[${'{"sku":"REEFER-40","count":1},'.repeat(80)}`
  const bodyBytes = Buffer.from(body.slice(0, Math.max(200, totalBytes - headerBytes - (key?.length ?? 0))))
  const patched = patcher(bodyBytes)
  const keyOf = key === null ? () => null : patcher(Buffer.from(key))
  const headersOf = headers.map(({ name, value }) => ({ name, valueOf: patcher(Buffer.from(value ?? [])) }))
  return (number) => {
    const digits = Buffer.from(String(number).padStart(mark.length, '0'), 'latin1')
    return {
      key: keyOf(digits),
      body: patched(digits),
      headers: headersOf.map(({ name, valueOf }) => ({ name, value: valueOf(digits) })),
      timestampMs: nowMs,
    }
  }
}

function patcher(original: Buffer): (digits: Buffer) => Buffer {
  const places: number[] = []
  for (let at = original.indexOf(mark); at >= 0; at = original.indexOf(mark, at + mark.length)) places.push(at)
  return (digits) => {
    const copy = Buffer.from(original)
    for (const at of places) digits.copy(copy, at)
    return copy
  }
}
