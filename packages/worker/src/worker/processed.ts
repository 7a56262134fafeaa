import type { Clock } from '../clock.ts'
import { returnedOutcome } from '../control.ts'
import { effectStoreFailed } from '../effects/effect-errors.ts'
import { type EffectName, effectKey, effectWhat } from '../effects/effect-key.ts'
import type { ProcessedOptions } from '../effects/effect-options.ts'
import { persistently } from '../effects/persistently.ts'
import type { Message } from '../message.ts'
import type { Handler, HandlerContext } from './attempt.ts'
import type { Emitter } from './events.ts'

/** What the handler's place is taken by when the message was handled before. */
export const handledBefore: object = Object.freeze({})

const recorded = '[]'

/**
 * Asks before the handler whether the message was handled, and writes down afterwards that it was. One read, and one write for what is
 * handled. It does not hold the message in between: of two deliveries at the same moment both are handled.
 */
export function unlessHandled(
  handle: Handler,
  options: {
    readonly processed: Required<ProcessedOptions>
    readonly consumer: string
    readonly clock: Clock
    readonly events: Emitter
  },
): Handler {
  const { processed, consumer, clock, events } = options
  const { store, keepMs } = processed
  return async (message, context) => {
    const name = nameOf(message, context)
    if (name === null) return handle(message, context)
    const key = effectKey(name)
    if (await wasHandled(key)) return handledBefore
    const value = await handle(message, context)
    // What comes back late is called again, and that call says whether it was handled.
    if (returnedOutcome(value).kind === 'handled' && clock.now() < context.deadline) await note(key, name, context)
    return value
  }

  function nameOf(message: Message, { letterId, named }: HandlerContext): EffectName | null {
    const id = processed.id(message)
    if (id !== null) return { consumer, by: 'id', id, name: null }
    return named ? { consumer, by: 'letter', id: letterId, name: null } : null
  }

  async function wasHandled(key: string): Promise<boolean> {
    const known = await persistently(() => store.look(key), { clock, tries: 3 }).catch((cause: unknown) => {
      throw effectStoreFailed('cannot find out whether the message was handled', cause)
    })
    return known?.state === 'done'
  }

  /** It has been handled, whether or not that can be written down. */
  async function note(key: string, name: EffectName, context: HandlerContext): Promise<void> {
    const put = (): Promise<boolean> =>
      store.put(key, { kind: 'done', result: recorded, keepMs, what: effectWhat(name) })
    await persistently(put, { clock, tries: 3 }).catch((cause: unknown) => {
      const message = 'a message was handled, but that could not be recorded; delivered again, it is handled again'
      events.emit('trouble', () => ({ message, place: context.place, cause }))
    })
  }
}
