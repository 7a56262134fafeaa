import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

// With a checksum in each page whoever reads the file, with whatever tool, notices a flipped bit.
const params = { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 }

export const compress = (bytes: Uint8Array): Uint8Array =>
  zstdCompressSync(bytes, { params, chunkSize: chunkBytes(bytes.length) })

/** Most pages are a few bytes; Node would allocate, and throw away, 64 KiB for each. */
const chunkBytes = (plainBytes: number): number => Math.min(64 * 1024, Math.max(64, plainBytes + 64))

/** @throws RangeError unless it comes to just that many bytes */
export function decompress(bytes: Uint8Array, expectedBytes: number): Buffer {
  let plain: Buffer
  try {
    // Never more memory than was announced, whatever the frame says.
    plain = zstdDecompressSync(bytes, {
      maxOutputLength: Math.max(1, expectedBytes),
      chunkSize: chunkBytes(expectedBytes),
    })
  } catch (error) {
    throw new RangeError('a page cannot be decompressed', { cause: error })
  }
  if (plain.length !== expectedBytes) throw new RangeError('a page has another length than it says')
  return plain
}
