const maxAgeMs = 5000

export interface PartitionCache {
  of(topic: string): Promise<number | null>
  forget(topic: string): void
}

/** Remembers for five seconds how many partitions a topic has, for clients that would ask each time. A missing topic is not remembered. */
export function partitionCache(ask: (topic: string) => Promise<number | null>): PartitionCache {
  const known = new Map<string, { readonly partitions: number; readonly untilMs: number }>()
  return {
    async of(topic) {
      const found = known.get(topic)
      if (found !== undefined && found.untilMs > performance.now()) return found.partitions
      const partitions = await ask(topic)
      if (partitions === null) known.delete(topic)
      else known.set(topic, { partitions, untilMs: performance.now() + maxAgeMs })
      return partitions
    },
    forget: (topic) => void known.delete(topic),
  }
}
