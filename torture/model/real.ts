import { decodeWire, isRedriveError, type Message, type Outgoing, type SendResult } from '@redrive/worker'
import type { Office } from './office.ts'

/** One sequence's view of the real office. */
export interface Real {
  readonly office: Office
  /** The name of its queue, which no other sequence has. */
  readonly queue: string
  /** What the broker got. */
  readonly arrived: { readonly replayId: string; readonly body: string; readonly marked: boolean }[]
  /** UUIDs of its runs. */
  readonly runs: string[]
  /** That said something where they stood. */
  commands: number
  /** Numbers that no two bodies share. */
  next: number
}

/** What becomes of one letter that is sent. `late`: refused at first, taken when it is tried again. `broken`: the adapter fails. */
export type Fate = 'sent' | 'refused' | 'late' | 'doubted' | 'vanished' | 'broken'

/** Whether a letter of this fate reaches the broker, and what its sender believes. */
export const meaningOf: Readonly<
  Record<Exclude<Fate, 'broken'>, { readonly arrives: boolean; readonly mark: 's' | 'n' | 'u' }>
> = {
  sent: { arrives: true, mark: 's' },
  late: { arrives: true, mark: 's' },
  refused: { arrives: false, mark: 'n' },
  doubted: { arrives: true, mark: 'u' },
  vanished: { arrives: false, mark: 'u' },
}

/** Answers a send as the fates say; a letter that is tried again has the fate it had. */
export function sender(real: Real, fateOf: (ordinal: number) => Fate): Office['onSend'] {
  const tried = new Set<string>()
  return async (_place, messages) => {
    const fates = messages.map(({ uniqueId = '' }) => fateOf(ordinalOf(uniqueId)))
    if (fates.includes('broken')) throw new Error('the adapter is broken')
    return messages.map((outgoing, index) => {
      const fate = fates[index] ?? 'sent'
      const id = outgoing.uniqueId ?? ''
      if (fate === 'late' && !tried.has(id)) {
        tried.add(id)
        return { kind: 'not-sent', reason: 'not now', retryable: true }
      }
      return answer(real, fate, outgoing)
    })
  }
}

function answer(real: Real, fate: Fate, { message, uniqueId = '' }: Outgoing): SendResult {
  if (fate === 'refused') return { kind: 'not-sent', reason: 'refused', retryable: false }
  if (fate !== 'vanished')
    real.arrived.push({
      replayId: replayIdIn(message) === uniqueId ? uniqueId : `${uniqueId} without its header`,
      body: Buffer.from(message.body ?? []).toString(),
      marked: message.headers.some(({ name }) => name === 'redrive-possible-duplicate'),
    })
  return fate === 'doubted' || fate === 'vanished' ? { kind: 'uncertain', reason: 'no answer' } : { kind: 'sent' }
}

const replayIdIn = ({ headers }: Message): string | null => decodeWire(headers)?.wire.replayId ?? null
export const ordinalOf = (replayId: string): number => Number.parseInt(replayId.slice(-8), 16)

/** The code of the refusal, or `null` when it was done. */
export async function codeOf(work: Promise<unknown>): Promise<string | null> {
  try {
    await work
    return null
  } catch (error) {
    if (isRedriveError(error)) return error.code
    throw error
  }
}
