import type { ConsumerEvents } from './driver.ts'
import type {
  PlatformaticConsumer,
  PlatformaticFetch,
  PlatformaticFetched,
  PlatformaticMetadata,
} from './platformatic-client.ts'
import { errorsIn } from './platformatic-outcome.ts'
import { recordsOf } from './platformatic-records.ts'
import { textOf } from './protocol-errors.ts'

const maxWaitMs = 500
const minWaitMs = 10
const partitionBytes = 1024 * 1024
const responseBytes = 8 * 1024 * 1024
const backoffMs = 250
const metadataMaxAgeMs = 1000
const offsetOutOfRange = 1

export interface FetchLoops {
  /** Looks again which partitions are wanted. */
  wake(): void
  stop(): Promise<void>
}

/**
 * One long poll at a time per broker, each for the partitions it leads and that have room. Positions are the subscription's own; what
 * the client would leave in of aborted transactions is filtered here.
 */
export function fetchLoops({
  consumer,
  topic,
  events,
}: {
  consumer: PlatformaticConsumer
  topic: string
  events: ConsumerEvents
}): FetchLoops {
  const running = new Map<number, Promise<void>>()
  let waking = Promise.withResolvers<void>()
  let stopped = false
  let cut = false

  const broken = async (error: unknown): Promise<void> => {
    if (stopped) return
    if (!cut) events.trouble({ kind: 'disconnected', message: textOf(error) })
    cut = true
    consumer.clearMetadata()
    await new Promise((resolve) => setTimeout(resolve, backoffMs))
  }
  const works = (): void => {
    if (cut) events.trouble({ kind: 'reconnected', message: `fetching ${topic} again` })
    cut = false
  }

  const loop = async (node: number): Promise<void> => {
    let found: ReturnType<PlatformaticMetadata['topics']['get']>
    let patienceMs = minWaitMs
    let askedAtMs = Number.NEGATIVE_INFINITY
    while (!stopped) {
      try {
        // Asking each time, from memory as well, would let the broker wait behind the handlers of what has just come.
        if (performance.now() - askedAtMs > metadataMaxAgeMs) {
          found = (await consumer.metadata({ topics: [topic], autocreateTopics: false })).topics.get(topic)
          askedAtMs = performance.now()
        }
        const known = found
        const led = events.ready().filter((partition) => known?.partitions[partition]?.leader === node)
        if (known === undefined || led.length === 0) return
        const wanted = led.filter((partition) => events.room(partition))
        if (wanted.length === 0) {
          await waking.promise
          continue
        }
        const asked = new Map<number, bigint>()
        for (const partition of wanted) asked.set(partition, events.position(partition) ?? 0n)
        // A partition that is full now must not wait behind a long poll for idle ones when its room comes back soon.
        const maxWaitTime = wanted.length === led.length ? maxWaitMs : patienceMs
        const came = await hand(asked, () => consumer.fetch({ ...requestOf(node, known.id, asked), maxWaitTime }))
        patienceMs = came ? minWaitMs : Math.min(maxWaitMs, patienceMs * 2)
        works()
      } catch (error) {
        askedAtMs = Number.NEGATIVE_INFINITY
        await broken(error)
        start()
      }
    }
  }

  /** Tells whether anything came. */
  const hand = async (
    asked: ReadonlyMap<number, bigint>,
    fetch: () => Promise<PlatformaticFetched>,
  ): Promise<boolean> => {
    let came = false
    let response: PlatformaticFetched
    let failure: unknown
    try {
      response = await fetch()
    } catch (error) {
      const partial = responseIn(error)
      if (partial === undefined) throw error
      response = partial
      failure = error
    }
    for (const partition of response.responses.flatMap(({ partitions }) => partitions)) {
      const from = asked.get(partition.partitionIndex)
      if (from === undefined) continue
      if (partition.errorCode === offsetOutOfRange) {
        events.outOfRange(partition.partitionIndex, await edge(partition.partitionIndex, from))
        failure = undefined
      } else if (partition.errorCode === 0) {
        const { records, next } = recordsOf(partition, from)
        came ||= next > from
        events.fetched(partition.partitionIndex, records, { from, next, end: partition.lastStableOffset })
      }
    }
    if (failure !== undefined) throw failure
    return came
  }

  const edge = async (partition: number, from: bigint): Promise<bigint> => {
    const at = async (timestamp: bigint): Promise<bigint> =>
      (await consumer.listOffsets({ topics: [topic], partitions: { [topic]: [partition] }, timestamp })).get(topic)?.[
        partition
      ] ?? 0n
    const earliest = await at(-2n)
    return from < earliest ? earliest : at(-1n)
  }

  const start = (): void => {
    if (stopped) return
    void consumer
      .metadata({ topics: [topic], autocreateTopics: false })
      .then(({ topics }) => {
        const nodes = new Set(events.ready().map((partition) => topics.get(topic)?.partitions[partition]?.leader))
        for (const node of nodes) {
          if (node === undefined || node < 0 || running.has(node) || stopped) continue
          running.set(
            node,
            loop(node).finally(() => running.delete(node)),
          )
        }
      })
      .catch((error: unknown) => broken(error).then(start))
  }

  return {
    wake() {
      waking.resolve()
      waking = Promise.withResolvers()
      if (running.size === 0) start()
    },
    async stop() {
      stopped = true
      waking.resolve()
      await Promise.race([Promise.all(running.values()), new Promise((resolve) => setTimeout(resolve, 2 * maxWaitMs))])
    },
  }
}

function requestOf(
  node: number,
  topicId: string,
  asked: ReadonlyMap<number, bigint>,
): Omit<PlatformaticFetch, 'maxWaitTime'> {
  const partitions = [...asked].map(([partition, fetchOffset]) => ({
    partition,
    fetchOffset,
    partitionMaxBytes: partitionBytes,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
  }))
  return {
    node,
    minBytes: 1,
    maxBytes: responseBytes,
    isolationLevel: 1,
    topics: [{ topicId, partitions }],
  }
}

function responseIn(error: unknown): PlatformaticFetched | undefined {
  const found = errorsIn(error).find(
    ({ response }) => typeof response === 'object' && response !== null && 'responses' in response,
  )
  return found?.response as PlatformaticFetched | undefined
}
