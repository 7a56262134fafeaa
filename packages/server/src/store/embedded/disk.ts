import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'

const mebibyte = 1024 * 1024

/** Space kept back for the day the disk is full: PostgreSQL cannot even start again without some. */
export const ballastBytes: number = 64 * mebibyte

/** Bytes that the office may still write on the file system of this folder. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = fs.statfsSync(folder)
  return bavail * bsize
}

/** Writes the ballast unless it is there or space is short (under four times its size); says whether it is there now. */
export function ensureBallast(dataDir: string): boolean {
  const file = ballastFile(dataDir)
  if (sizeOf(file) === ballastBytes) return true
  if (freeBytes(dataDir) < 4 * ballastBytes) return false
  const chunk = randomBytes(mebibyte) // a file system that compresses must not shrink it
  const handle = fs.openSync(file, 'w', 0o600)
  try {
    for (let written = 0; written < ballastBytes; written += chunk.length) fs.writeSync(handle, chunk)
  } finally {
    fs.closeSync(handle)
  }
  return true
}

/** Gives the ballast back to the file system; false when there was none. */
export function releaseBallast(dataDir: string): boolean {
  const file = ballastFile(dataDir)
  if (sizeOf(file) === undefined) return false
  fs.rmSync(file, { force: true })
  return true
}

function ballastFile(dataDir: string): string {
  return path.join(dataDir, 'ballast')
}

function sizeOf(file: string): number | undefined {
  return fs.statSync(file, { throwIfNoEntry: false })?.size
}
