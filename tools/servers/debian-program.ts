import { homedir } from 'node:os'
import { join } from 'node:path'
import { type DebianTree, unpackDebianTree } from './debian-packages.ts'

export interface Progress {
  readonly onProgress?: (line: string) => void
}

/** A package of Debian with all it depends on, unpacked once into the cache folder: `REDRIVE_CACHE`, else `~/.cache/redrive`. @returns where */
export function debianProgram(
  name: string,
  {
    essential = [],
    ...tree
  }: Pick<DebianTree, 'suite' | 'version' | 'packageName'> & Partial<Pick<DebianTree, 'essential'>>,
  { onProgress }: Progress,
): Promise<string> {
  const cache =
    process.env['REDRIVE_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'redrive')
  return unpackDebianTree({
    ...tree,
    essential,
    folder: join(cache, name),
    ...(onProgress === undefined ? {} : { onProgress }),
  })
}
