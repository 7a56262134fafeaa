import fs from 'node:fs'
import { port } from './socket.ts'

/** Sized for an office that is mostly idle: about 25 MB of memory of its own beside the shared buffers. */
const defaults: Readonly<Record<string, string>> = {
  listen_addresses: '',
  port: `${port}`,
  unix_socket_directories: '.',
  unix_socket_permissions: '0700',
  max_connections: '60',
  shared_buffers: '64MB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  effective_cache_size: '512MB',
  wal_compression: 'pglz', // this build has no lz4
  max_wal_size: '1GB',
  min_wal_size: '96MB',
  checkpoint_timeout: '10min',
  random_page_cost: '1.1',
  io_method: 'worker',
  io_workers: '2',
  jit: 'off',
  log_checkpoints: 'off',
  log_min_messages: 'warning',
  // The rest of an error quotes values of letters, and nothing erases them from the log.
  log_error_verbosity: 'terse',
  log_line_prefix: '%m [%p] ',
  log_timezone: 'UTC',
  timezone: 'UTC',
}

const withoutDurability: Readonly<Record<string, string>> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
}

/**
 * A container gives 64 MiB of shared memory where nobody says more, and a few hash joins that several processes share need that much: they
 * would fail with "could not resize shared memory segment". Without sharing each has its own in ordinary memory.
 */
const withLittleSharedMemory: Readonly<Record<string, string>> = { enable_parallel_hash: 'off' }

const enoughSharedBytes = 512 * 1024 * 1024

/** Of the file system that shared memory is in; `null`: this system has none to look at. */
export function sharedMemoryBytes(folder = '/dev/shm'): number | null {
  try {
    const { bsize, blocks } = fs.statfsSync(folder)
    return bsize * blocks
  } catch {
    return null
  }
}

/** PostgreSQL's command line for these settings, over the defaults. */
export function settingArguments(options: {
  durable: boolean
  settings: Readonly<Record<string, string>> | undefined
  /** @default as this machine has */
  sharedBytes?: number | null
}): string[] {
  const { sharedBytes = sharedMemoryBytes() } = options
  const all = {
    ...defaults,
    ...(options.durable ? {} : withoutDurability),
    ...(sharedBytes !== null && sharedBytes < enoughSharedBytes ? withLittleSharedMemory : {}),
    ...options.settings,
  }
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
