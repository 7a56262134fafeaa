import type { ConsumerDriver, ConsumerEvents } from './driver.ts'
import type { PlatformaticConnection, PlatformaticModule } from './platformatic-client.ts'
import { fetchLoops } from './platformatic-fetch.ts'
import { errorsIn } from './platformatic-outcome.ts'
import { textOf } from './protocol-errors.ts'
import { within } from './within.ts'

const leaveTimeoutMs = 3000
const joinAgainMs = 250
/**
 * The member tries nothing again by itself. A commit that it repeats joins the group anew when it is refused, and writes positions of
 * a membership that is over under the new one, where they are a successor's; and the join waits for us, who wait for the commit.
 */
const once = { retries: 0 }

/** Committed offsets of a group, and its start marks: the committed offsets of a second group, as this client writes no commit metadata. */
export interface GroupOffsets {
  committed(partitions: readonly number[]): Promise<ReadonlyMap<number, bigint>>
  started(partitions: readonly number[]): Promise<ReadonlyMap<number, bigint>>
  writeStarted(marks: ReadonlyMap<number, bigint>): Promise<void>
}

/**
 * A member of a group, and a second client that fetches: a broker answers one request after the other on a connection, so heartbeats and commits
 * would wait behind a long poll.
 */
export function platformaticConsumer(options: {
  readonly module: PlatformaticModule
  readonly connection: PlatformaticConnection
  readonly topic: string
  readonly group: string
  readonly events: ConsumerEvents
  readonly offsets: GroupOffsets
}): ConsumerDriver {
  const { module, connection, topic, group, events, offsets } = options
  let joined = false
  let leaving = false
  let memberId: string | null = null
  let preparing = false

  /** Asked for before each join: the only place where the client waits before it gives its partitions up. */
  const beforeJoin = async (): Promise<Buffer> => {
    if (!joined || leaving || preparing) return Buffer.alloc(0)
    preparing = true
    try {
      // Without a member id we were thrown out: a commit would be refused.
      if (member.memberId === null || member.memberId !== memberId) events.lost()
      else await events.revoking()
    } finally {
      preparing = false
    }
    return Buffer.alloc(0)
  }
  const member = new module.Consumer({
    sessionTimeout: 30_000,
    heartbeatInterval: 1000,
    ...connection,
    ...once,
    groupId: group,
    autocommit: false,
    protocolsMetadata: beforeJoin,
  } as never)
  const fetcher = new module.Consumer({ ...connection, ...once, groupId: group, autocommit: false } as never)
  member.topics.trackAll(topic)
  fetcher.topics.trackAll(topic)
  const loops = fetchLoops({ consumer: fetcher, topic, events })

  let answering: Promise<void> = Promise.resolve()
  const answer = (): void => {
    if (leaving) return
    memberId = member.memberId
    const partitions = (member.assignments ?? [])
      .filter((each) => each.topic === topic)
      .flatMap((each) => each.partitions)
    answering = Promise.all([answering, events.assigned(partitions)]).then(() => loops.wake())
  }
  member.on('consumer:group:join', answer)
  const triedToJoin = async (onFailed: (error: unknown) => void): Promise<boolean> => {
    try {
      await member.joinGroup()
      return true
    } catch (error) {
      onFailed(error)
      return false
    }
  }
  let isOut = false
  const out = (error: unknown): void => {
    if (!isOut && !leaving) events.trouble({ kind: 'disconnected', message: textOf(error) })
    isOut = true
  }
  let isJoining = false
  /** Heartbeats go on whatever happens, but end with a join that fails. */
  const joinAgain = async (onFailed: (error: unknown) => void): Promise<void> => {
    if (isJoining) return
    isJoining = true
    try {
      do await new Promise((resolve) => setTimeout(resolve, joinAgainMs))
      while (!leaving && !(await triedToJoin(onFailed)))
    } finally {
      isJoining = false
    }
    if (isOut && !leaving) events.trouble({ kind: 'reconnected', message: `in the group of ${topic} again` })
    isOut = false
  }
  member.on('error', (error) => {
    out(error)
    if (!leaving) void joinAgain(out)
  })
  fetcher.on('error', () => {})

  return {
    async join() {
      // The first member of a cluster asks for a coordinator that is only then made.
      const refused = (error: unknown): void => {
        if (isHopeless(error)) throw error
      }
      if (!(await triedToJoin(refused))) await joinAgain((error) => (refused(error), out(error)))
      joined = true
      await answering
    },
    async marks(partitions) {
      const [committed, marks] = await Promise.all([offsets.committed(partitions), offsets.started(partitions)])
      return new Map(
        partitions.map((each) => [each, { committed: committed.get(each) ?? null, started: marks.get(each) ?? null }]),
      )
    },
    async commit(marks) {
      const watermarks = []
      const raised = new Map<number, bigint>()
      for (const [partition, each] of marks) {
        if (each.committedChanged) watermarks.push({ topic, partition, offset: each.committed, leaderEpoch: -1 })
        if (each.startedChanged && each.started !== null) raised.set(partition, each.started)
      }
      // The watermark first: a start mark that is lowered before it would hide what is still in hand.
      if (watermarks.length > 0) await member.commit({ offsets: watermarks })
      if (raised.size > 0) await offsets.writeStarted(raised)
    },
    wake: () => loops.wake(),
    async leave() {
      leaving = true
      await Promise.all([
        within(member.close(true), leaveTimeoutMs),
        within(fetcher.close(true), leaveTimeoutMs),
        loops.stop(),
      ])
    },
  }
}

/** Refused for what a repetition does not change. */
function isHopeless(error: unknown): boolean {
  const errors = errorsIn(error)
  return errors.some(({ canRetry }) => canRetry === false) && !errors.some(({ needsRejoin }) => needsRejoin === true)
}
