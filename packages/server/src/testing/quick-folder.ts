import fs from 'node:fs'
import os from 'node:os'

/**
 * A file system in memory where there is one: tests make and remove hundreds of thousands of files, of which ext4 without a journal spends
 * most of the time looking for the number of an inode that was not in use a moment ago.
 */
export function quickFolder(): string {
  try {
    const { bavail, bsize } = fs.statfsSync(sharedMemory)
    fs.accessSync(sharedMemory, fs.constants.W_OK)
    return bavail * bsize > enoughBytes ? sharedMemory : os.tmpdir()
  } catch {
    return os.tmpdir()
  }
}

const sharedMemory = '/dev/shm'
const enoughBytes = 4 * 1_024 ** 3
