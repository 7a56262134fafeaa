import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, open, opendir, unlink } from 'node:fs/promises'
import path from 'node:path'
import {
  type ArchivePlace,
  checkFileName,
  isArchiveFileName,
  type RandomReader,
  unreadable,
  unwritable,
} from './place.ts'

/**
 * A folder. A file is written beside its name, synced and then linked to it, which fails when the name is taken, so that what has the name is
 * whole and is never overwritten. Files are for the office's own user alone; no link is followed within the folder.
 */
export function folderPlace(folder: string): ArchivePlace {
  const full = path.resolve(folder)
  return {
    description: full,
    put: (name, bytes) => put(full, name, bytes),
    open: (name) => openFile(full, name),
    remove: (name) => remove(full, name),
    list: () => list(full),
  }
}

const partOf = (name: string): string => `${name}.${randomBytes(6).toString('hex')}.part`
const isPart = (file: string): boolean => file.endsWith('.part')

async function put(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  checkFileName(name)
  const file = path.join(folder, name)
  const part = path.join(folder, partOf(name))
  let isTaken = false
  try {
    await makeFolder(folder)
    const handle = await open(part, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | noFollow, 0o600)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await link(part, file).catch((cause: unknown) => {
      isTaken = codeOf(cause) === 'EEXIST'
      throw cause
    })
    await unlink(part)
    await syncFolder(folder)
  } catch (cause) {
    await unlink(part).catch(() => undefined)
    throw unwritable(
      isTaken ? `${file} is there already; nothing is overwritten` : `${file} cannot be written (${codeOf(cause)})`,
      { cause },
    )
  }
}

async function openFile(folder: string, name: string): Promise<RandomReader> {
  checkFileName(name)
  const file = path.join(folder, name)
  let handle: FileHandle | undefined
  try {
    // Without O_NONBLOCK a pipe that somebody put there would never open.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | noFollow)
    const stat = await handle.stat()
    if (!stat.isFile()) throw unreadable(`${file} is no file`)
    return readerOf(handle, { file, byteLength: stat.size })
  } catch (cause) {
    await handle?.close()
    throw reasonFor(cause, file)
  }
}

function readerOf(
  handle: FileHandle,
  { file, byteLength }: { readonly file: string; readonly byteLength: number },
): RandomReader {
  return {
    byteLength,
    async slice(from, to = byteLength) {
      if (from < 0 || to < from || to > byteLength) throw unreadable(`${file} ends before byte ${to}`)
      const bytes = new Uint8Array(to - from)
      for (let at = 0; at < bytes.length; ) {
        const { bytesRead } = await handle.read(bytes, at, bytes.length - at, from + at).catch((cause: unknown) => {
          throw reasonFor(cause, file)
        })
        if (bytesRead === 0) throw unreadable(`${file} was cut while it was read`)
        at += bytesRead
      }
      return bytes.buffer
    },
    close: () => handle.close(),
  }
}

async function remove(folder: string, name: string): Promise<void> {
  checkFileName(name)
  try {
    await unlinkIfThere(path.join(folder, name))
    for (const file of await filesOf(folder))
      if (file.startsWith(`${name}.`) && isPart(file)) await unlinkIfThere(path.join(folder, file))
    await syncFolder(folder)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return
    throw unwritable(`${path.join(folder, name)} cannot be removed (${codeOf(cause)})`, { cause })
  }
}

async function* list(folder: string): AsyncGenerator<{ readonly name: string; readonly bytes: number }> {
  try {
    for (const name of await filesOf(folder)) {
      if (isPart(name) || !isArchiveFileName(name)) continue
      const stat = await lstat(path.join(folder, name)).catch(ignoreMissing)
      if (stat?.isFile()) yield { name, bytes: stat.size }
    }
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw reasonFor(cause, folder)
  }
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of await opendir(folder)) names.push(name)
  return names
}

async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 })
  // A new folder is there after a power cut only when the one above it is synced.
  if (made !== undefined) await syncFolder(path.dirname(made))
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return // has no such thing
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function unlinkIfThere(file: string): Promise<void> {
  await unlink(file).catch(ignoreMissing)
}

function ignoreMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
  return undefined
}

const noFollow = constants.O_NOFOLLOW ?? 0

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown'

function reasonFor(cause: unknown, file: string): unknown {
  switch (codeOf(cause)) {
    case 'ARCHIVE_UNREADABLE':
      return cause
    case 'ENOENT':
      return unreadable(`${file} is not there`, { cause })
    case 'ELOOP':
      return unreadable(`${file} is a link; no link is followed`, { cause })
    default:
      return unreadable(`${file} cannot be read (${codeOf(cause)})`, { cause })
  }
}
