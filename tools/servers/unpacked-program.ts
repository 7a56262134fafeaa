import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The command line of a program of an unpacked tree: by its own loader and libraries, so that it does not matter which release the machine runs. */
export async function unpackedProgram(root: string, path: string): Promise<readonly [string, ...string[]]> {
  const { loader, folders } = await librariesIn(root)
  return [loader, '--library-path', folders, join(root, path)]
}

/** Before Debian 13 a part of them lies beside `usr`. */
async function librariesIn(root: string): Promise<{ readonly folders: string; readonly loader: string }> {
  const folders: string[] = []
  for (const lib of ['usr/lib', 'lib']) {
    const names = await readdir(join(root, lib)).catch(() => [])
    folders.push(...names.filter((name) => name.endsWith('-linux-gnu')).map((name) => join(root, lib, name)))
  }
  for (const folder of folders) {
    const loader = (await readdir(folder)).find((name) => /^ld-linux[-a-z0-9_]*\.so\.\d$/.test(name))
    if (loader !== undefined) return { folders: folders.join(':'), loader: join(folder, loader) }
  }
  throw new Error(`no loader in ${root}`)
}
