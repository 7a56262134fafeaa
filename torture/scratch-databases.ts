import pg from 'pg'
import { openStore } from '../packages/server/src/store/store.ts'
import { within } from './until.ts'

/** Databases of one server, made by copying, which takes a fraction of a second. */
export interface Databases {
  /** @param from the name of another, which nobody uses. @returns its address */
  make(name: string, from?: string): Promise<string>
  drop(url: string): Promise<void>
  /** Waits until no session of a dead process is in it. */
  isLeft(url: string): Promise<void>
  close(): Promise<void>
}

/**
 * New ones are empty, with the schema of an office.
 * @param prefix of their names: who shares the server has another
 */
export async function databasesOf(serverUrl: string, prefix: string): Promise<Databases> {
  const client = new pg.Client(serverUrl)
  await client.connect()
  const named = (name: string): string => `${prefix}_${name.replaceAll('-', '_')}`
  const nameOf = (url: string): string => new URL(url).pathname.slice(1)
  const make = async (name: string, from?: string): Promise<string> => {
    const template = from === undefined ? named('base') : named(from)
    await client.query(`create database ${named(name)} template ${template} strategy file_copy`)
    const url = new URL(serverUrl)
    url.pathname = `/${named(name)}`
    return url.href
  }
  await client.query(`create database ${named('base')} strategy file_copy`)
  const base = new URL(serverUrl)
  base.pathname = `/${named('base')}`
  await (await openStore({ url: base.href, allowUnsafe: true })).close()
  return {
    make,
    drop: async (url) => void (await client.query(`drop database ${nameOf(url)} with (force)`)),
    isLeft: (url) =>
      within(
        async () => {
          const { rowCount } = await client.query('select from pg_stat_activity where datname = $1', [nameOf(url)])
          return rowCount === 0
        },
        () => 'sessions of the dead process stay',
      ),
    close: () => client.end(),
  }
}
