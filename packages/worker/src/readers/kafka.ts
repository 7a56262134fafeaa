import { type Reader, type Reading, reading } from './reader.ts'
import { traceparentOf } from './values.ts'

/**
 * Kafka by itself knows no dead letters: topic, partition, offset and timestamp of the record are those of the dead-letter topic, so they
 * say nothing of the origin, and names like `orders-dlt` are habits. Left is the trace context of the message.
 */
export const kafka: Reader = {
  name: 'kafka',
  layer: 'transport',
  owns: () => false,
  read({ system, message }): Reading | null {
    if (system !== 'kafka') return null
    let traceparent: string | null = null
    for (const { name, value } of message.headers) if (name === 'traceparent') traceparent = traceparentOf(value)
    return traceparent === null ? null : reading({ traceparent }, {})
  },
}
