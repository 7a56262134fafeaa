/**
 * A growing buffer that is filled from the front and used again: what was handed out by `bytes` is overwritten after `reset`.
 */
export class ByteWriter {
  #buffer: Buffer
  #length = 0
  readonly #keepBytes: number

  /** @param keepBytes a buffer grown beyond this is let go by `reset` */
  constructor(keepBytes: number = 32 * 1024 * 1024) {
    this.#keepBytes = keepBytes
    this.#buffer = Buffer.allocUnsafeSlow(64 * 1024)
  }

  get length(): number {
    return this.#length
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  reset(): void {
    this.#length = 0
    if (this.#buffer.length > this.#keepBytes) this.#buffer = Buffer.allocUnsafeSlow(64 * 1024)
  }

  /** Forgets what was written after `length`. */
  truncate(length: number): void {
    this.#length = length
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  int16(value: number): void {
    this.#reserve(2)
    this.#length = this.#buffer.writeInt16BE(value, this.#length)
  }

  int32(value: number): void {
    this.#reserve(4)
    this.#length = this.#buffer.writeInt32BE(value, this.#length)
  }

  /** An int32 written earlier, at `at`. */
  patchInt32(at: number, value: number): void {
    this.#buffer.writeInt32BE(value, at)
  }

  int64(value: bigint | number): void {
    this.#reserve(8)
    if (typeof value === 'bigint') this.#length = this.#buffer.writeBigInt64BE(value, this.#length)
    else {
      const high = Math.floor(value / 0x1_0000_0000)
      this.#length = this.#buffer.writeInt32BE(high, this.#length)
      this.#length = this.#buffer.writeUInt32BE(value - high * 0x1_0000_0000, this.#length)
    }
  }

  /** LEB128: seven bits a byte, the lowest first. */
  varint(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest > 0x7f) {
      this.#buffer[this.#length++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.#buffer[this.#length++] = rest
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** UTF-8; a lone surrogate becomes U+FFFD. @returns the bytes written */
  utf8(text: string): number {
    this.#reserve(text.length * 3)
    const written = this.#buffer.write(text, this.#length, 'utf8')
    this.#length += written
    return written
  }

  utf16(text: string): void {
    this.#reserve(text.length * 2)
    this.#length += this.#buffer.write(text, this.#length, 'utf16le')
  }

  #reserve(bytes: number): void {
    const wanted = this.#length + bytes
    if (wanted <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}
