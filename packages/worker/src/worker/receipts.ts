import type { Receipt } from '../receipt.ts'
import type { Wire } from '../wire.ts'
import type { Kit } from './kit.ts'
import type { Sent } from './sender.ts'

const encoder = new TextEncoder()

/** Reports the result of a replay; at once `sent` for a message that is none. */
export async function sendReceipt(
  kit: Kit,
  wire: Wire,
  { result, attempts }: Pick<Receipt, 'result' | 'attempts'>,
): Promise<Sent> {
  const { receipts, identity, clock } = kit
  if (wire.replayId === null || receipts === null) return 'sent'
  const receipt: Receipt = {
    replayId: wire.replayId,
    letterId: wire.id,
    result,
    attempts,
    atMs: clock.now(),
    worker: identity,
  }
  const message = { key: null, body: encoder.encode(JSON.stringify(receipt)), headers: [] }
  return kit.sender.surely(receipts, [() => ({ message })])
}
