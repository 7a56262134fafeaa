import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { withLock } from './lock.mjs'
import { Trouble } from './trouble.mjs'

/** `npm ci` in a folder, once per lock file. Install scripts stay off: nothing here needs one. */
export async function install(folder, what) {
  const stamp = path.join(folder, 'node_modules', '.redrive-stamp')
  const key = createHash('sha256')
    .update(readFileSync(path.join(folder, 'package-lock.json')))
    .update(`${process.platform}-${process.arch}`)
    .digest('hex')
  const isDone = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === key
  if (isDone()) return
  try {
    accessSync(folder, constants.W_OK)
  } catch {
    throw new Trouble(`${what} must be installed, but ${folder} cannot be written: use a copy that you can write`)
  }
  // Beside node_modules, because npm empties that.
  await withLock(path.join(folder, '.redrive-installing'), async () => {
    if (isDone()) return
    const from = Date.now()
    console.error(`redrive: installing ${what} in ${folder} (once)`)
    await npmCi(folder, what)
    mkdirSync(path.dirname(stamp), { recursive: true })
    writeFileSync(stamp, key)
    console.error(`redrive: installed in ${Math.round((Date.now() - from) / 1000)} s`)
  })
}

async function npmCi(folder, what) {
  const arguments_ = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  const npm = process.env.npm_execpath // npm's own program, when npm runs this
  const viaNode = npm !== undefined && /\.c?js$/.test(npm)
  const child = spawn(viaNode ? process.execPath : 'npm', viaNode ? [npm, ...arguments_] : arguments_, {
    cwd: folder,
    env: cleanEnvironment(),
    shell: !viaNode && process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes) => {
      said = (said + bytes).slice(-4000)
      process.stderr.write(bytes)
    })
  }
  const stillWorking = setInterval(() => console.error('redrive: still installing'), 10_000)
  const endChild = () => child.kill('SIGTERM')
  process.once('exit', endChild)
  const code = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message)).on('close', resolve)
  })
  process.off('exit', endChild)
  clearInterval(stillWorking)
  if (code !== 0) throw new Trouble(`${what} could not be installed (npm ci: ${code})\n${cure(said)}`)
}

/** npm puts its settings for the run that started us into the environment; a nested npm must not take them over. */
function cleanEnvironment() {
  const ours =
    /^npm_(config_(prefix|local_prefix|workspace|workspaces|include_workspace_root|omit|include|production|only|ignore_scripts|dry_run|global)$|lifecycle_|package_|command$)/i
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name) && name !== 'NODE_ENV'))
}

function cure(said) {
  if (/ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH/.test(said)) {
    return 'the package registry cannot be reached: check the network, the proxy and `npm config get registry`, then try again'
  }
  if (/ENOSPC/.test(said)) return 'the disk is full: make 500 MB of space and try again'
  if (/EACCES|EPERM|EROFS/.test(said)) return 'npm may not write there: check who owns this folder and the npm cache'
  if (/EINTEGRITY/.test(said)) return 'a package is not the one that was locked: try `npm cache verify`, then again'
  if (/can only install packages when/.test(said))
    return 'package-lock.json does not go with package.json: run `npm install`'
  return 'npm said why, above'
}
