import { createHash, hash } from 'node:crypto'
import type { Delivery, LetterFacts } from '@redrive/worker'
import { encodeHeaders } from '../store/header-list.ts'

/**
 * What makes two deliveries the same letter. `stable`: the source or our own wire says so. `content`: nobody does; only a
 * redelivery of what this source may not know as acknowledged can be recognised, by its content.
 */
export type Identity =
  | {
      readonly kind: 'stable'
      readonly bytes: Buffer
      /** Two of one identity have the same body. */
      readonly isOfBody: boolean
    }
  | { readonly kind: 'content'; readonly bytes: Buffer; readonly contentHash: Buffer }

/**
 * By our wire, else by position, else by the broker's own id. The wire comes first because a worker that was killed between sending a dead
 * letter and acknowledging the message sends it again: two records, two positions, one death. Its word counts only together with the
 * body it came with: it can be forged, and a forged one must not make another letter vanish.
 * @param options.bodySha256 of what was delivered, whatever of it is kept
 * @param options.letterId the identity where there is none
 */
export function identityOf(
  delivery: Delivery,
  facts: LetterFacts,
  options: { readonly bodySha256: Buffer; readonly letterId: Buffer },
): Identity {
  const { bodySha256, letterId } = options
  if (facts.wireId !== undefined) {
    return stable(`wire\n${facts.wireId}\n${facts.hops ?? 0}\n${facts.replayId ?? ''}\n${bodySha256.toString('hex')}`, {
      isOfBody: true,
    })
  }
  if (delivery.position !== null)
    return { kind: 'stable', bytes: positionIdentity(delivery.partition, delivery.position), isOfBody: false }
  if (delivery.nativeId !== null) return stable(`native\n${delivery.place}\n${delivery.nativeId}`, { isOfBody: false })
  return { kind: 'content', bytes: letterId, contentHash: contentHash(delivery, bodySha256) }
}

/** Another identity for a letter whose position was used before by other bytes: the place was made anew and counts from 0 again. */
export function identityAfterRewind(identity: Uint8Array, bodySha256: Uint8Array): Buffer {
  return createHash('sha256').update(identity).update(bodySha256).digest().subarray(0, 16)
}

/** Eight bytes for the partition, eight for the position: neighbours in the source are neighbours in the index. */
function positionIdentity(partition: string, position: bigint): Buffer {
  let prefix = prefixes.get(partition)
  if (prefix === undefined) {
    prefix = hash('sha256', `position\n${partition}`, 'buffer').subarray(0, 8)
    if (prefixes.size < maxPrefixes) prefixes.set(partition, prefix)
  }
  const bytes = Buffer.allocUnsafe(16)
  prefix.copy(bytes)
  bytes.writeBigInt64BE(position, 8)
  return bytes
}

const prefixes = new Map<string, Buffer>()
const maxPrefixes = 10_000

function stable(text: string, { isOfBody }: { readonly isOfBody: boolean }): Identity {
  return { kind: 'stable', bytes: hash('sha256', text, 'buffer').subarray(0, 16), isOfBody }
}

function contentHash({ message, partition }: Delivery, bodySha256: Buffer): Buffer {
  const digest = createHash('sha256')
    .update(bodySha256)
    .update(message.body === null ? 'null' : 'body')
  digest.update(message.key === null ? 'null' : hash('sha256', message.key, 'buffer'))
  digest
    .update(encodeHeaders(message.headers))
    .update(JSON.stringify([partition, message.timestampMs ?? null, message.properties ?? null]))
  return digest.digest().subarray(0, 16)
}
