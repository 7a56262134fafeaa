import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const sizeMiB = 2_000

/** Folder of the small file system that this program was started on; `null` for the usual disk. */
export const smallDisk: string | null = process.env['REDRIVE_TORTURE_DISK'] ?? null

/**
 * Starts this program again on a file system of 2,000 MiB that only it sees, and ends with its status. Mounting takes root, if only in a
 * namespace of its own; there a second one gives back the user that PostgreSQL accepts.
 */
export function runOnSmallDisk(): number {
  const folder = mkdtempSync(path.join(tmpdir(), 'redrive-torture-disk-'))
  const isRoot = process.getuid?.() === 0
  const back = isRoot ? '' : `unshare -U --map-user=${process.getuid?.()} --map-group=${process.getgid?.()}`
  const mount = `mount -t tmpfs -o size=${sizeMiB}m,mode=755 none "$0" && exec ${back} "$@"`
  const program = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const { status } = spawnSync('unshare', [isRoot ? '-m' : '-rm', 'sh', '-c', mount, folder, ...program], {
    stdio: 'inherit',
    env: { ...process.env, REDRIVE_TORTURE_DISK: folder },
  })
  rmSync(folder, { recursive: true, force: true })
  return status ?? 1
}

/** Takes all the space there is. @returns what gives it back */
export function fillDisk(folder: string): () => void {
  const file = path.join(folder, 'filler')
  const handle = openSync(file, 'w')
  for (let size = 4 * 1024 * 1024; size >= 512; ) {
    try {
      writeSync(handle, Buffer.alloc(size))
    } catch {
      size /= 2
    }
  }
  closeSync(handle)
  return () => rmSync(file, { force: true })
}
