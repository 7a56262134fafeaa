import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { RedriveError } from '@redrive/worker'
import type { Account } from './account.ts'

/** PostgreSQL's programs in a folder that its account can read. */
export interface Runtime {
  readonly postgres: string
  readonly initdb: string
  /** All the environment PostgreSQL gets. */
  readonly env: Readonly<Record<string, string>>
}

const useYourOwn = 'set REDRIVE_DATABASE_URL to a PostgreSQL server of your own'

/**
 * The package's files with the library links that its install script would have made (install scripts are off), linked or
 * copied once into a cache folder: the package itself may be read-only, or in a folder that PostgreSQL's account cannot enter.
 * Faults: EMBEDDED_POSTGRES_MISSING (no build for this platform), EMBEDDED_POSTGRES_FAILED (it does not run here).
 */
export function prepareRuntime(options: { dataDir: string; account: Account | undefined }): Runtime {
  const native = findNative()
  const folder = path.join(cacheFolder(options.dataDir), folderName(native))
  if (!fs.existsSync(folder)) unpack(native, { folder, account: options.account })
  const lib = path.join(folder, 'lib')
  const runtime: Runtime = {
    postgres: path.join(folder, 'bin', 'postgres'),
    initdb: path.join(folder, 'bin', 'initdb'),
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      TZ: 'UTC',
      LC_ALL: 'C',
      LD_LIBRARY_PATH: lib,
      DYLD_LIBRARY_PATH: lib,
    },
  }
  const tried = spawnSync(runtime.postgres, ['--version'], {
    encoding: 'utf8',
    env: runtime.env,
    cwd: '/',
    ...options.account,
  })
  if (tried.status !== 0) {
    throw new RedriveError(
      'EMBEDDED_POSTGRES_FAILED',
      `the embedded PostgreSQL does not run here: ${tried.error?.message ?? tried.stderr.trim()}`,
      { hint: `it needs glibc 2.27 or newer on Linux; or ${useYourOwn}`, data: { folder } },
    )
  }
  return runtime
}

function findNative(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  if (process.platform === 'win32') {
    throw new RedriveError('EMBEDDED_POSTGRES_MISSING', 'the embedded PostgreSQL is for Linux and macOS only', {
      hint: `${useYourOwn}, or run Redrive inside WSL`,
    })
  }
  try {
    const native = path.join(path.dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native')
    fs.accessSync(native)
    return fs.realpathSync(native)
  } catch (cause) {
    throw new RedriveError('EMBEDDED_POSTGRES_MISSING', `no embedded PostgreSQL here: ${name} is not installed`, {
      cause,
      hint: `install without --omit=optional, or ${useYourOwn}`,
    })
  }
}

function folderName(native: string): string {
  const { version } = JSON.parse(fs.readFileSync(path.join(native, '..', 'package.json'), 'utf8')) as {
    version: string
  }
  return `postgres-${version}-${createHash('sha256').update(native).digest('hex').slice(0, 8)}`
}

/** The first of these that can be written. Root's has to be one that every account can enter. */
function cacheFolder(dataDir: string): string {
  const home = process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache')
  const usual = process.getuid?.() === 0 ? '/var/cache/redrive' : path.join(home, 'redrive')
  for (const folder of [process.env['REDRIVE_CACHE'] ?? usual, usual]) {
    try {
      fs.mkdirSync(folder, { recursive: true, mode: 0o755 })
      fs.accessSync(folder, fs.constants.W_OK)
      return folder
    } catch {
      // read-only, or no home: the next one
    }
  }
  return path.join(dataDir, 'cache')
}

function unpack(native: string, options: { folder: string; account: Account | undefined }): void {
  const fresh = `${options.folder}.${process.pid}`
  fs.rmSync(fresh, { recursive: true, force: true })
  copyTree(native, { to: fresh, mayLink: (stat) => options.account === undefined || (stat.mode & 0o004) !== 0 })
  const links = JSON.parse(fs.readFileSync(path.join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const link of links) {
    const target = path.join(fresh, path.relative('native', link.target))
    if (!fs.existsSync(target)) fs.symlinkSync(path.basename(link.source), target)
  }
  try {
    fs.renameSync(fresh, options.folder)
  } catch (error) {
    fs.rmSync(fresh, { recursive: true, force: true })
    if (!fs.existsSync(options.folder)) throw error // otherwise another process was first, with the same files
  }
}

function copyTree(from: string, options: { to: string; mayLink: (stat: fs.Stats) => boolean }): void {
  fs.mkdirSync(options.to, { recursive: true })
  fs.chmodSync(options.to, 0o755)
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name)
    const to = path.join(options.to, entry.name)
    if (entry.isDirectory()) {
      if (entry.name !== 'pgxs' && entry.name !== 'pkgconfig') copyTree(source, { ...options, to })
    } else if (!entry.name.endsWith('.a')) {
      linkOrCopy(source, to, options.mayLink)
    }
  }
}

function linkOrCopy(from: string, to: string, mayLink: (stat: fs.Stats) => boolean): void {
  const stat = fs.statSync(from)
  if (mayLink(stat)) {
    try {
      fs.linkSync(from, to)
      return
    } catch {
      // another file system, or links are not allowed: copied below
    }
  }
  fs.copyFileSync(from, to)
  fs.chmodSync(to, (stat.mode & 0o100) !== 0 ? 0o755 : 0o644)
}
