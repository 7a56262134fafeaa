import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface DebianTree {
  /** Release the packages are taken from: `bookworm`, `trixie`. */
  readonly suite: string
  readonly packageName: string
  /** Packages that every Debian system has, so that nothing depends on them by name. */
  readonly essential: readonly string[]
  /** What the package's version has to begin with. */
  readonly version: string
  /** Where the tree is kept. It is complete if it exists. */
  readonly folder: string
  readonly onProgress?: (line: string) => void
}

/**
 * Unpacks a Debian package with all it depends on into a folder, whatever release the machine itself runs; nothing is installed.
 * apt is given lists, cache and status of its own, and the machine's own sources with the name of the release changed.
 */
export async function unpackDebianTree(tree: DebianTree): Promise<string> {
  if (existsSync(tree.folder)) return tree.folder
  await mkdir(dirname(tree.folder), { recursive: true })
  const work = await mkdtemp(`${tree.folder}.new-`)
  try {
    const root = join(work, 'root')
    await download(tree, work)
    await unpack(await packagesIn(join(work, 'cache/archives')), root)
    await rename(root, tree.folder).catch((error: unknown) => {
      // Another process was faster: its tree is the same.
      if (!existsSync(tree.folder)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return tree.folder
}

async function download(tree: DebianTree, work: string): Promise<void> {
  for (const folder of ['lists/partial', 'cache/archives/partial']) await mkdir(join(work, folder), { recursive: true })
  await writeFile(join(work, 'status'), '')
  await writeFile(join(work, 'debian.sources'), await sourcesFor(tree.suite))
  const settings = [
    `Dir::Etc::sourcelist=${join(work, 'debian.sources')}`,
    'Dir::Etc::sourceparts=-',
    'Dir::Etc::preferences=-',
    'Dir::Etc::preferencesparts=-',
    `Dir::State::lists=${join(work, 'lists')}`,
    `Dir::State::status=${join(work, 'status')}`,
    `Dir::State::extended_states=${join(work, 'extended_states')}`,
    `Dir::Cache=${join(work, 'cache')}`,
    'Acquire::Languages=none',
    'Acquire::Retries=3',
    'APT::Sandbox::User=',
    'APT::Install-Recommends=false',
  ].flatMap((setting) => ['-o', setting])
  tree.onProgress?.(`fetching ${tree.packageName} ${tree.version} of Debian ${tree.suite}; nothing is installed`)
  await apt([...settings, 'update'])
  await apt([...settings, '--yes', '--download-only', 'install', tree.packageName, ...tree.essential])
  const archives = await packagesIn(join(work, 'cache/archives'))
  const wanted = archives.find((path) => path.includes(`/${tree.packageName}_${tree.version}`))
  if (wanted === undefined) {
    throw new Error(`Debian ${tree.suite} no longer has ${tree.packageName} ${tree.version}: change the pinned version`)
  }
  tree.onProgress?.(`unpacking ${archives.length} packages`)
}

async function apt(args: readonly string[]): Promise<void> {
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['-q', ...args], { env, maxBuffer: 32 << 20 }).catch((error: unknown) => {
    const { code, stderr } = error as { code?: unknown; stderr?: string }
    if (code === 'ENOENT') throw new Error('needs apt-get: a Debian machine or a container of one', { cause: error })
    throw new Error(`apt-get ${args.at(-1)} failed: ${(stderr || String(error)).trim()}`, { cause: error })
  })
}

async function packagesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder)
  return names.filter((name) => name.endsWith('.deb')).map((name) => join(folder, name))
}

async function unpack(packages: readonly string[], root: string): Promise<void> {
  for (const folder of ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', 'etc', 'proc', 'dev', 'tmp', 'data']) {
    await mkdir(join(root, folder), { recursive: true })
  }
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${name}`, join(root, name))
  for (const path of packages) await run('dpkg-deb', ['--extract', path, root], { maxBuffer: 32 << 20 })
  await writeFile(join(root, 'etc/hosts'), '127.0.0.1 localhost\n')
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  await writeFile(join(root, 'etc/group'), 'root:x:0:\n')
}

/** The machine's own sources of its release, in deb822 form, pointed at another release. */
async function sourcesFor(suite: string): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1]
  if (!/^ID=debian$/m.test(release) || codename === undefined) {
    throw new Error('needs a Debian machine or a container of one: the packages come from its own sources')
  }
  const entries: string[] = []
  for (const path of await sourceFiles()) {
    const text = await readFile(path, 'utf8')
    entries.push(...(path.endsWith('.sources') ? stanzas(text, codename) : oneLiners(text, codename)))
  }
  const first = entries[0]
  if (first === undefined) throw new Error(`no source of Debian ${codename} in /etc/apt`)
  return `${first.replace('SUITE', suite)}\n`
}

async function sourceFiles(): Promise<readonly string[]> {
  const folder = '/etc/apt/sources.list.d'
  const names = await readdir(folder).catch(() => [])
  const parts = names.filter((name) => name.endsWith('.sources') || name.endsWith('.list')).sort()
  return ['/etc/apt/sources.list', ...parts.map((name) => join(folder, name))].filter(existsSync)
}

function stanzas(text: string, codename: string): readonly string[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>()
    for (const line of stanza.split('\n')) {
      const colon = line.indexOf(':')
      if (colon > 0 && /^[A-Za-z]/.test(line))
        fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
    }
    const words = (name: string): readonly string[] => (fields.get(name) ?? '').split(/\s+/)
    if (!words('types').includes('deb') || !words('suites').includes(codename)) return []
    if (!words('components').includes('main') || fields.get('enabled') === 'no') return []
    const signedBy = fields.get('signed-by')
    return [entry(fields.get('uris') ?? '', signedBy)]
  })
}

function oneLiners(text: string, codename: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)$/.exec(line.trim())
    if (match === null || match[3] !== codename || !match[4]?.split(/\s+/).includes('main')) return []
    return [entry(match[2] ?? '', /signed-by=(\S+)/.exec(match[1] ?? '')?.[1])]
  })
}

function entry(uris: string, signedBy: string | undefined): string {
  const lines = ['Types: deb', `URIs: ${uris}`, 'Suites: SUITE', 'Components: main']
  if (signedBy !== undefined && signedBy !== '') lines.push(`Signed-By: ${signedBy}`)
  return lines.join('\n')
}
