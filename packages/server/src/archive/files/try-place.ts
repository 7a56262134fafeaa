import { randomBytes } from 'node:crypto'
import { type ArchivePlace, unreadable, unwritable } from './place.ts'

/** Puts a small file, reads it and removes it again. @throws ARCHIVE_UNWRITABLE, ARCHIVE_UNREADABLE */
export async function tryPlace(place: ArchivePlace): Promise<void> {
  const name = `check-${randomBytes(8).toString('hex')}.txt`
  const text = 'Redrive tried whether archives can be written here. This can be removed.\n'
  await place.put(name, Buffer.from(text))
  try {
    if ((await textOf(place, name)) !== text)
      throw unreadable(`${place.description} gives back other bytes than it was given`)
    if (await isOverwritten(place, name)) throw unwritable(`${place.description} overwrites what is there`)
  } finally {
    await place.remove(name)
  }
}

async function textOf(place: ArchivePlace, name: string): Promise<string> {
  const reader = await place.open(name)
  try {
    return Buffer.from(await reader.slice(0, Math.min(reader.byteLength, 1_000))).toString()
  } finally {
    await reader.close()
  }
}

/** Some stores that speak S3 do not heed the condition under which we put. */
async function isOverwritten(place: ArchivePlace, name: string): Promise<boolean> {
  try {
    await place.put(name, Buffer.from('another'))
    return true
  } catch {
    return false
  }
}
