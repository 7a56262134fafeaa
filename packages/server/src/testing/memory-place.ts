import { RedriveError } from '@redrive/worker'
import type { ArchivePlace } from '../archive/index.ts'

/** A place whose files tests may alter. */
export function memoryPlace(): ArchivePlace & { readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>()
  return {
    files,
    description: 'memory',
    async put(name, bytes) {
      if (files.has(name)) throw new RedriveError('ARCHIVE_UNWRITABLE', `${name} is there already`)
      files.set(name, Uint8Array.from(bytes))
    },
    async open(name) {
      const bytes = files.get(name)
      if (bytes === undefined) throw unreadable(`${name} is not there`)
      return {
        byteLength: bytes.length,
        async slice(from, to = bytes.length) {
          if (from < 0 || to > bytes.length) throw unreadable(`${name} ends before byte ${to}`)
          return Uint8Array.from(bytes.subarray(from, to)).buffer
        },
        close: async () => undefined,
      }
    },
    async remove(name) {
      files.delete(name)
    },
    async *list() {
      for (const [name, bytes] of files) yield { name, bytes: bytes.length }
    },
  }
}

export async function allOf<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

const unreadable = (message: string): RedriveError => new RedriveError('ARCHIVE_UNREADABLE', message)
