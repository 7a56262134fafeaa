import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { RedriveError } from '@redrive/worker'

export interface OfficeAddress {
  readonly url: string
  readonly token: string
}

/** The file a running office leaves in its data folder, readable by its owner only. */
export const officeFile = 'office.json'

/**
 * Where the office is: `REDRIVE_URL` with `REDRIVE_TOKEN`, or the local office whose data folder is `--data`, `REDRIVE_DATA` or
 * `.redrive` here or in a folder above.
 * @throws OFFICE_UNREACHABLE with what was looked for
 */
export function findOffice(options: {
  readonly data?: string
  readonly env?: NodeJS.ProcessEnv
  readonly folder?: string
}): OfficeAddress {
  const env = options.env ?? process.env
  const { REDRIVE_URL: url, REDRIVE_TOKEN: token } = env
  if (url !== undefined) {
    if (token !== undefined) return { url: url.replace(/\/+$/, ''), token }
    throw new RedriveError('UNAUTHENTICATED', 'REDRIVE_URL is set, REDRIVE_TOKEN is not.', {
      hint: 'Make a token on the office with: redrive token create NAME',
    })
  }
  const given = options.data ?? env['REDRIVE_DATA']
  const folders = given === undefined ? foldersAbove(options.folder ?? process.cwd()) : [given]
  for (const folder of folders) {
    const file = path.join(folder, officeFile)
    if (existsSync(file)) return addressIn(file)
  }
  throw new RedriveError('OFFICE_UNREACHABLE', `No office runs ${given === undefined ? 'here' : `on ${given}`}.`, {
    hint: 'Start one with `redrive serve` (or `redrive demo`), or set REDRIVE_URL and REDRIVE_TOKEN.',
  })
}

function addressIn(file: string): OfficeAddress {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as OfficeAddress
  } catch (error) {
    throw new RedriveError('OFFICE_UNREACHABLE', `${file} cannot be read.`, {
      cause: error,
      hint: 'Start the office again as the user you are; it writes the file anew.',
    })
  }
}

function foldersAbove(start: string): readonly string[] {
  const folders: string[] = []
  for (let folder = path.resolve(start); ; folder = path.dirname(folder)) {
    folders.push(path.join(folder, '.redrive'))
    if (folder === path.dirname(folder)) return folders
  }
}
