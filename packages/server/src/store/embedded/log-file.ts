import fs from 'node:fs'
import path from 'node:path'

const maxBytes = 8 * 1024 * 1024

/** PostgreSQL's own log in the data folder: at most two files of 8 MiB at each start. */
export function openLog(dataDir: string): { descriptor: number; lastLines: () => string } {
  const file = path.join(dataDir, 'postgres.log')
  const size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size > maxBytes) fs.renameSync(file, `${file}.1`)
  const from = size > maxBytes ? 0 : size
  return { descriptor: fs.openSync(file, 'a', 0o600), lastLines: () => linesSince(file, from) }
}

/** The last eight lines written after this offset. */
function linesSince(file: string, from: number): string {
  const size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0
  const start = Math.max(from, size - 16 * 1024)
  const bytes = Buffer.alloc(Math.max(0, size - start))
  const handle = fs.openSync(file, 'r')
  try {
    fs.readSync(handle, bytes, 0, bytes.length, start)
  } finally {
    fs.closeSync(handle)
  }
  return bytes.toString('utf8').trim().split('\n').slice(-8).join('\n')
}
