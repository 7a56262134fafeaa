import { createHash, type Hash } from 'node:crypto'
import { uuidBytes } from '../../store/uuid.ts'

/** SHA-256 over the letters of an archive in their order: the 16 bytes of the id, the 32 of the body's hash. */
export class ContentsDigest {
  readonly #hash: Hash = createHash('sha256')

  /** @throws RangeError */
  add({ id, bodySha256 }: { readonly id: string; readonly bodySha256: Uint8Array }): void {
    const bytes = uuidBytes(id)
    if (bytes === null || bodySha256.length !== 32)
      throw new RangeError('a letter without id or hash cannot be archived')
    this.#hash.update(bytes).update(bodySha256)
  }

  /** Once, at the end. */
  hex(): string {
    return this.#hash.digest('hex')
  }
}
