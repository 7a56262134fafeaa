import { cp, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../lib/run.ts'

const here = path.dirname(fileURLToPath(import.meta.url))
const version = '1.5.6-r.1'

/**
 * The folder in which `@duckdb/node-api` is installed, once: `$REDRIVE_CACHE`, or `~/.cache/redrive`. It is kept out of the project's own
 * dependencies for its size, 70 MB.
 */
export async function duckdbFolder(): Promise<string> {
  const cache = process.env['REDRIVE_CACHE'] ?? path.join(homedir(), '.cache', 'redrive')
  const folder = path.join(cache, `duckdb-${version}-${process.platform}-${process.arch}`)
  if (await isThere(folder)) return folder
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(path.join(cache, 'duckdb-install-'))
  try {
    for (const file of ['package.json', 'package-lock.json']) await cp(path.join(here, file), path.join(work, file))
    const { code, output } = await run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: work, quiet: true })
    if (code !== 0) throw new Error(`npm ci of @duckdb/node-api ended with ${code}:\n${output.slice(-2_000)}`)
    await rename(work, folder).catch(async (error: unknown) => {
      // Somebody else was first: theirs is the same.
      if (!(await isThere(folder))) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return folder
}

export type Row = Readonly<Record<string, unknown>>

/** A DuckDB in memory. Values come as its driver has them: BIGINT as bigint, BLOB as `{ bytes }`. */
export interface Duckdb {
  rows(sql: string): Promise<readonly Row[]>
}

export async function openDuckdb(): Promise<Duckdb> {
  const require = createRequire(path.join(await duckdbFolder(), 'package.json'))
  const { DuckDBInstance } = require('@duckdb/node-api') as DuckdbModule
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  return { rows: async (sql) => (await connection.runAndReadAll(sql)).getRowObjects() }
}

/** What is used of it. */
interface DuckdbModule {
  readonly DuckDBInstance: {
    create(path: string): Promise<{
      connect(): Promise<{ runAndReadAll(sql: string): Promise<{ getRowObjects(): readonly Row[] }> }>
    }>
  }
}

async function isThere(folder: string): Promise<boolean> {
  return (await stat(folder).catch(() => undefined)) !== undefined
}
