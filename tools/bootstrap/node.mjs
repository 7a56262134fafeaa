import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { install } from './install.mjs'
import { Trouble } from './trouble.mjs'

/** The Node to use: this one if it runs TypeScript as it is (22.18), otherwise one from npm, pinned in tools/node. */
export async function findNode(root) {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < 20) throw new Trouble(`Node ${process.versions.node} is too old: install Node 20 or newer`)
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath
  const folder = path.join(root, 'tools', 'node')
  const name = packageName(process.platform, process.arch)
  const known = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')).optionalDependencies
  if (known[name] === undefined) {
    throw new Trouble(
      `Node ${process.versions.node} is too old, and npm has no newer one for ${process.platform} on ${process.arch}: install Node 22.18 or newer`,
    )
  }
  await install(folder, `Node ${known[name]} (about 50 MB)`)
  const home = path.join(folder, 'node_modules', name)
  const node = path.join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (!existsSync(node)) {
    throw new Trouble(
      `${node} is missing although npm installed it: remove ${path.join(folder, 'node_modules')} and try again`,
    )
  }
  try {
    rmSync(path.join(home, 'include'), { recursive: true, force: true }) // 67 MB that only native builds need
  } catch {
    // a read-only checkout: it stays
  }
  return node
}

function packageName(platform, arch) {
  const system = platform === 'win32' ? 'win' : platform
  return `${system === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'}-${system}-${arch}`
}
