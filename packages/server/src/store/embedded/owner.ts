import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { RedriveError } from '@redrive/worker'
import { isAlive } from './postmaster.ts'

/** Who works with a data folder; written beside the data, so that a second one can be told whom it would disturb. */
export interface Owner {
  readonly pid: number
  /** Tells this process from a later one with the same pid. */
  readonly processStart: string
  readonly command: string
  /** ISO 8601. */
  readonly since: string
}

export function writeOwner(dataDir: string): void {
  const owner: Owner = {
    pid: process.pid,
    processStart: processStart(process.pid),
    command: [process.argv0, ...process.execArgv, ...process.argv.slice(1)].join(' ').slice(0, 500),
    since: new Date().toISOString(),
  }
  const file = ownerFile(dataDir)
  fs.writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(owner)}\n`)
  fs.renameSync(`${file}.${process.pid}`, file)
}

export function readOwner(dataDir: string): Owner | undefined {
  try {
    return JSON.parse(fs.readFileSync(ownerFile(dataDir), 'utf8')) as Owner
  } catch {
    return undefined
  }
}

/** Forgets the owner if it is this process. */
export function removeOwner(dataDir: string): void {
  if (readOwner(dataDir)?.pid === process.pid) fs.rmSync(ownerFile(dataDir), { force: true })
}

export function isOwnerAlive(owner: Owner): boolean {
  return isAlive(owner.pid) && processStart(owner.pid) === owner.processStart
}

/** The fault for a second one on the same data folder. */
export function folderInUse(dataDir: string, postgresPid: number | undefined): RedriveError {
  const owner = readOwner(dataDir)
  const who =
    owner === undefined
      ? `another process (its PostgreSQL has pid ${postgresPid ?? 'unknown'})`
      : `process ${owner.pid} (${owner.command}) since ${owner.since}`
  return new RedriveError('DATA_FOLDER_IN_USE', `the data folder ${dataDir} is in use by ${who}`, {
    hint: `stop that one, or choose another data folder`,
    data: { dataDir, owner, postgresPid },
  })
}

function ownerFile(dataDir: string): string {
  return path.join(dataDir, 'owner.json')
}

function processStart(pid: number): string {
  if (process.platform !== 'linux') {
    return spawnSync('ps', ['-o', 'lstart=', '-p', `${pid}`], { encoding: 'utf8' }).stdout.trim()
  }
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name (field 2) may hold spaces and parentheses; the start time is field 22.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
