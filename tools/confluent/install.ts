import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const version = '1.10.1'

/**
 * The folder in which `@confluentinc/kafka-javascript` is installed, for this Node, built from source once (1 to 4 minutes; needs make, g++, python3
 * and the headers of OpenSSL). It is kept out of the project's own dependencies, because it needs its install script.
 * It lies in `$REDRIVE_CACHE`, or in `~/.cache/redrive`.
 */
export async function confluentFolder(onProgress: (line: string) => void = () => {}): Promise<string> {
  const cache = process.env['REDRIVE_CACHE'] ?? path.join(homedir(), '.cache', 'redrive')
  const folder = path.join(cache, `confluent-${version}-node-${process.versions.modules}-${process.platform}-${process.arch}`)
  if (await exists(path.join(folder, 'built'))) return folder
  onProgress(`building @confluentinc/kafka-javascript ${version} for Node ${process.version}, once; this takes minutes`)
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(path.join(cache, 'confluent-build-'))
  try {
    await cp(path.join(here, 'package.json'), path.join(work, 'package.json'))
    await cp(path.join(here, 'package-lock.json'), path.join(work, 'package-lock.json'))
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: work })
    const headers = await nodeHeaders(work, onProgress)
    // By `npm exec`, which lends its own node-gyp.
    const build = 'cd node_modules/@confluentinc/kafka-javascript && node-pre-gyp install --build-from-source'
    await run('npm', ['exec', '--offline', '-c', build], { cwd: work, env: { CKJS_LINKING: 'dynamic', ...headers } })
    await rm(path.join(work, 'headers'), { recursive: true, force: true })
    await mkdir(path.join(work, 'built'))
    await rename(work, folder).catch(async (error: unknown) => {
      // Somebody else was first: theirs is the same.
      if (!(await exists(path.join(folder, 'built')))) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return folder
}

/** The module, from where `confluentFolder` built it. */
export async function loadConfluent<Module>(onProgress?: (line: string) => void): Promise<Module> {
  const require = createRequire(path.join(await confluentFolder(onProgress), 'package.json'))
  return require('@confluentinc/kafka-javascript') as Module
}

/** Headers of exactly this Node: beside it, or from its platform package on npm; otherwise the builder fetches them. */
async function nodeHeaders(work: string, onProgress: (line: string) => void): Promise<Record<string, string>> {
  const beside = path.dirname(path.dirname(process.execPath))
  if (await isOfThisNode(path.join(beside, 'include', 'node', 'node_version.h'))) return { npm_config_nodedir: beside }
  const platform = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  try {
    const folder = path.join(work, 'headers')
    await mkdir(folder)
    await run('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', `${platform}@${process.versions.node}`], {
      cwd: folder,
    })
    return { npm_config_nodedir: path.join(folder, 'node_modules', platform) }
  } catch (error) {
    onProgress(`no headers in ${platform}, the builder has to fetch them: ${String(error)}`)
    return { npm_config_nodedir: '' }
  }
}

async function isOfThisNode(file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const part = (name: string): string => new RegExp(`^#define NODE_${name}_VERSION (\\d+)$`, 'm').exec(text)?.[1] ?? ''
  return `${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}` === process.versions.node
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined
}

function run(file: string, args: readonly string[], options: { readonly cwd: string; readonly env?: Record<string, string> }): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-6000)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', reject)
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${file} ${args.join(' ')} ended with ${String(code)}:\n${output}`))))
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(`${await confluentFolder((line) => process.stderr.write(`confluent: ${line}\n`))}\n`)
}
