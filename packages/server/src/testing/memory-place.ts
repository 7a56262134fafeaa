import { type ArchivePlace, checkFileName, unreadable, unwritable } from '../archive/index.ts'

/** A place whose files tests may alter. */
export function memoryPlace(): ArchivePlace & { readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>()
  return {
    files,
    description: 'memory',
    async put(name, bytes) {
      checkFileName(name)
      if (files.has(name)) throw unwritable(`${name} is there already; nothing is overwritten`)
      files.set(name, Uint8Array.from(bytes))
    },
    async open(name) {
      checkFileName(name)
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
