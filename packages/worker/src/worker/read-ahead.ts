import type { Delivery } from '../broker.ts'
import { aborted } from './gate.ts'

/** What one lane may hold in memory while it waits. */
export interface Room {
  /** Resolves when there is room, with how many messages; at once with 0 when `signal` aborts. */
  wait(signal: AbortSignal): Promise<number>
  take(delivery: Delivery): void
  free(delivery: Delivery): void
}

interface Bounds {
  readonly messages: number
  readonly bytes: number
}

/**
 * Shares the room for reading ahead. Half of it is kept for all lanes in equal parts, so that a full lane stops nobody but itself; the other half is
 * for whoever needs it, so that one busy lane can look far ahead.
 */
export function readAhead(total: Bounds, lanes: number): { readonly rooms: readonly Room[]; readonly most: Bounds } {
  const kept = { messages: Math.ceil(total.messages / (2 * lanes)), bytes: Math.ceil(total.bytes / (2 * lanes)) }
  const used = Array.from({ length: lanes }, () => ({ messages: 0, bytes: 0 }))
  let freed = Promise.withResolvers<void>()

  const left = (lane: number, of: keyof Bounds): number => {
    let room = total[of]
    used.forEach((each, at) => {
      room -= at === lane ? each[of] : Math.max(each[of], kept[of])
    })
    return room
  }
  const rooms = used.map(
    (mine, lane): Room => ({
      async wait(signal) {
        while (!signal.aborted) {
          const messages = left(lane, 'messages')
          // One message always fits, or one above the bound would never be read.
          if (mine.messages === 0) return Math.max(1, messages)
          if (messages > 0 && left(lane, 'bytes') > 0) return messages
          await Promise.race([freed.promise, aborted(signal)])
        }
        return 0
      },
      take({ bytes }) {
        mine.messages++
        mine.bytes += bytes
      },
      free({ bytes }) {
        mine.messages--
        mine.bytes -= bytes
        freed.resolve()
        freed = Promise.withResolvers()
      },
    }),
  )
  const ofOne = (of: keyof Bounds): number => Math.max(1, total[of] - (lanes - 1) * kept[of])
  return { rooms, most: { messages: ofOne('messages'), bytes: ofOne('bytes') } }
}
