import { type Fifo, fifo } from './fifo.ts'

/** One piece of work: an attempt with everything that follows from it. */
export interface Job {
  /** Jobs of one key run one after another in the order they were added; `null` runs whenever there is room. */
  readonly orderKey: string | null
  /** Sources and lanes take turns, so that neither starves the other. */
  readonly from: 'source' | 'lane'
  /** Calls `ended` with itself, once, when everything is over, perhaps at once. */
  run(ended: (job: Job) => void): void
  /** Called instead of `run` when the worker stops first. Never rejects. */
  release(): Promise<void>
}

export interface Scheduler {
  readonly running: number
  readonly queued: number
  add(job: Job): void
  /** A job that runs waits for something else than room: others may run, but none of its key. */
  setAside(job: Job): void
  /** It is run again as soon as there is room. */
  takeUp(job: Job): void
  /** Runs `work` while no job runs. */
  alone<T>(work: () => Promise<T>): Promise<T>
  /** Whether `alone` would begin at once. */
  readonly idle: boolean
  /** Looks again whether something can start. */
  wake(): void
  /** Starts nothing more; hands back what was not started. */
  stop(): readonly Job[]
  /** Resolves when nothing runs. */
  drained(): Promise<void>
}

/** @param options.mayStart asked before each start */
export function scheduler(options: { readonly concurrency: number; readonly mayStart: () => boolean }): Scheduler {
  const { concurrency, mayStart } = options
  const queues: Readonly<Record<Job['from'], Fifo<Job>>> = { source: fifo(), lane: fifo() }
  const freed = fifo<Job>()
  const behind = new Map<string, Fifo<Job>>()
  const aside = new Set<Job>()
  const soloists = fifo<() => void>()
  const drainers = fifo<() => void>()
  let running = 0
  let pumping = false
  let held = 0
  let solo = false
  let stopped = false
  let lanesTurn = false

  const next = (): Job | undefined => {
    const released = freed.shift()
    if (released !== undefined) return released
    lanesTurn = !lanesTurn
    const [first, second] = lanesTurn ? [queues.lane, queues.source] : [queues.source, queues.lane]
    return first.shift() ?? second.shift()
  }
  const pump = (): void => {
    // A job that ended at once makes room in the round that started it.
    if (pumping) return
    pumping = true
    while (running < concurrency && !solo && !stopped && soloists.size === 0 && mayStart()) {
      const job = next()
      if (job === undefined) break
      const { orderKey } = job
      const waiting = orderKey === null ? undefined : behind.get(orderKey)
      if (waiting !== undefined && !claimed.has(job)) {
        waiting.push(job)
        held++
        continue
      }
      if (claimed.size > 0) claimed.delete(job)
      if (orderKey !== null && waiting === undefined) behind.set(orderKey, fifo())
      running++
      job.run(ended)
    }
    pumping = false
    if (running > 0 || solo) return
    for (const resolve of drainers.drain()) resolve()
    // When stopping, what waits to be alone has to learn of it.
    if (mayStart() || stopped) {
      const begin = soloists.shift()
      if (begin !== undefined) {
        solo = true
        begin()
      }
    }
  }
  /** Jobs whose key waits for them: the next of its line. */
  const claimed = new Set<Job>()
  const ended = ({ orderKey }: Job): void => {
    running--
    const waiting = orderKey === null ? undefined : behind.get(orderKey)
    const follower = waiting?.shift()
    if (follower !== undefined) {
      held--
      claimed.add(follower)
      freed.push(follower)
    } else if (orderKey !== null) behind.delete(orderKey)
    pump()
  }

  return {
    get running() {
      return running + (solo ? 1 : 0)
    },
    get queued() {
      return queues.source.size + queues.lane.size + freed.size + held + aside.size
    },
    get idle() {
      return running === 0 && !solo
    },
    add(job) {
      if (stopped) return void job.release()
      queues[job.from].push(job)
      pump()
    },
    setAside(job) {
      running--
      aside.add(job)
      pump()
    },
    takeUp(job) {
      if (!aside.delete(job)) return
      claimed.add(job)
      freed.push(job)
      pump()
    },
    async alone(work) {
      await new Promise<void>((resolve) => {
        soloists.push(resolve)
        pump()
      })
      try {
        return await work()
      } finally {
        solo = false
        pump()
      }
    },
    wake: pump,
    stop() {
      stopped = true
      const left = [...aside, ...freed.drain(), ...queues.source.drain(), ...queues.lane.drain()]
      for (const waiting of behind.values()) left.push(...waiting.drain())
      held = 0
      aside.clear()
      pump()
      return left
    },
    drained: () =>
      new Promise((resolve) => {
        if (running === 0 && !solo) return resolve()
        drainers.push(resolve)
      }),
  }
}
