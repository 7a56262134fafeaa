import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { HoldOptions } from '../hold/hold-options.ts'
import type { Line, Standing } from '../hold/hold-store.ts'
import type { LinePlace } from '../wire.ts'
import type { Emitter } from './events.ts'
import { type Gate, gate } from './gate.ts'
import type { Counters } from './health.ts'
import { patiently } from './patiently.ts'
import type { Job, Scheduler } from './scheduler.ts'
import type { Task } from './task.ts'

/** Keeps the order of keys after death: knows the line of each task. */
export interface Hold {
  /** Closed while there is no room in the lines. Only the queue waits for it: lanes bring what makes room. */
  readonly full: Gate
  /** Names the line of a task; `null`: without a key it waits for nothing. */
  keyOf(task: Task): string | null
  /** Before a call. `passes`: there was no room, so it is called all the same. `aside`: it is run again when there may be room. */
  arrive(task: Task, job: Job | null): Promise<Standing['kind'] | 'passes' | 'aside' | 'gave-up'>
  /** Its place, for the wire, once it has arrived or died. */
  placeOf(task: Task): LinePlace | null
  /** Gives a dying message its place. */
  die(task: Task): Promise<'placed' | 'gave-up'>
  /** The task is handled, or the office says that its letter is resolved. */
  leave(task: Task): Promise<'left' | 'gave-up'>
}

interface Parts {
  readonly settings: Required<HoldOptions>
  readonly queue: string
  readonly consumer: string
  readonly orderKeyOf: (task: Task) => string | null
  readonly clock: Clock
  readonly gate: Gate
  readonly events: Emitter
  readonly counters: Counters
  readonly scheduler: Pick<Scheduler, 'setAside' | 'takeUp'>
  /** Aborts when the worker begins to stop, and when no time is left. */
  readonly stopping: AbortSignal
  readonly outOfTime: AbortSignal
}

const lookAgainMs = 1_000

export function holdOf(parts: Parts): Hold {
  const { settings, clock, events, counters, scheduler, stopping, outOfTime } = parts
  const { store, maxPerKey, maxKeys, overflow } = settings
  const scope = JSON.stringify([parts.queue, parts.consumer])
  const full = gate({ clock, events })
  const standings = new WeakMap<Task, Standing>()
  const aside = new Set<Job>()
  const tooManyKeys = {}
  let isCrowded = false
  let watching = false

  const keyOf = (task: Task): string | null => {
    const key = task.wire().line?.key
    if (key !== undefined) return key
    const orderKey = parts.orderKeyOf(task)
    return orderKey === null ? null : createHash('sha256').update(String(orderKey)).digest('base64url').slice(0, 22)
  }
  const lineOf = (task: Task): Line | null => {
    const key = keyOf(task)
    return key === null ? null : { scope, key }
  }
  const atStore = <T>(step: () => Promise<T>, signal: AbortSignal): Promise<T | 'gave-up'> =>
    patiently(step, { what: 'the store of held letters', clock, gate: parts.gate, events, signal })

  const pass = (task: Task, why: 'line-full' | 'keys-full'): void => {
    counters.passed++
    events.emit('passed', () => ({ letterId: task.wire().id, why }))
  }
  const lookForRoom = async (): Promise<void> => {
    for (const job of [...aside]) {
      aside.delete(job)
      scheduler.takeUp(job)
    }
    if (!isCrowded) return
    const keys = await store.count(scope, maxKeys).catch(() => maxKeys)
    if (keys >= maxKeys) return
    isCrowded = false
    full.open(tooManyKeys)
  }
  const watch = async (): Promise<void> => {
    if (watching) return
    watching = true
    while ((aside.size > 0 || isCrowded) && !stopping.aborted) {
      await clock.sleep(lookAgainMs, stopping)
      if (!stopping.aborted) await lookForRoom()
    }
    watching = false
  }
  /** @returns whether there is room for one more key */
  const countKeys = async (): Promise<boolean | 'gave-up'> => {
    const keys = await atStore(() => store.count(scope, maxKeys), outOfTime)
    return keys === 'gave-up' ? keys : keys < maxKeys
  }
  const closeForKeys = (): void => {
    isCrowded = true
    full.close(tooManyKeys, `${maxKeys} keys have unresolved letters, no more are held (hold.maxKeys)`)
    void watch()
  }

  return {
    full,
    keyOf,
    async arrive(task, job) {
      const line = lineOf(task)
      if (line === null) return 'free'
      const { id, line: known } = task.wire()
      const standing = await atStore(
        () => store.arrive(line, id, { at: known?.at ?? null, most: maxPerKey }).then(checked),
        stopping,
      )
      if (standing === 'gave-up') return standing
      standings.set(task, standing)
      if (standing.kind !== 'full') {
        if (job !== null) full.open(job)
        return standing.kind
      }
      // What is run alone cannot wait: nothing else would run.
      if (overflow === 'pass' || job === null) {
        pass(task, 'line-full')
        return 'passes'
      }
      full.close(job, `${maxPerKey} letters of one key are held, and there is one more (hold.maxPerKey)`)
      aside.add(job)
      scheduler.setAside(job)
      void watch()
      return 'aside'
    },
    placeOf(task) {
      const standing = standings.get(task)
      if (standing === undefined || !('at' in standing)) return null
      const key = keyOf(task)
      return key === null ? null : { key, at: standing.at, behind: standing.kind === 'behind' ? standing.behind : null }
    },
    async die(task) {
      const line = lineOf(task)
      const standing = standings.get(task)
      if (line === null || standing?.kind === 'first') return 'placed'
      const isNewKey = standing?.kind === 'free'
      if (overflow === 'pass') {
        const room = isNewKey ? await countKeys() : standing?.kind !== 'full'
        if (room === 'gave-up') return room
        if (!room) {
          pass(task, isNewKey ? 'keys-full' : 'line-full')
          return 'placed'
        }
      }
      const { id, line: known } = task.wire()
      const at = await atStore(() => store.die(line, id, { at: known?.at ?? null }), outOfTime)
      if (at === 'gave-up') return at
      standings.set(task, { kind: 'first', at })
      if (overflow === 'stop' && isNewKey && (await countKeys()) === false) closeForKeys()
      return 'placed'
    },
    async leave(task) {
      const line = lineOf(task)
      const standing = standings.get(task)
      if (line === null || standing?.kind === 'free' || standing?.kind === 'full') return 'left'
      const left = await atStore(() => store.leave(line, task.wire().id), outOfTime)
      if (left === 'gave-up') return left
      if (aside.size > 0 || isCrowded) await lookForRoom()
      return 'left'
    },
  }
}

/** A store is somebody else's code. */
function checked(standing: Standing): Standing {
  if (typeof standing?.kind === 'string') return standing
  throw new TypeError('the store gave no standing')
}
