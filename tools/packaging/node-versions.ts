import fs from 'node:fs'
import path from 'node:path'
import { run } from '../lib/run.ts'
import { root } from '../lib/workspace.ts'

const folder = path.join(root, 'tools', 'node-versions')

export interface NodeVersion {
  readonly version: string
  /** Its environment: npm and the programs it starts run on it too. */
  readonly env: Readonly<Record<string, string>>
  readonly node: string
}

/** The Node versions the packages promise to run on, pinned in tools/node-versions and installed once. */
export async function nodeVersions(): Promise<NodeVersion[]> {
  const { dependencies } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const wanted = Object.entries(dependencies).map(([name, range]) => {
    const bin = path.join(folder, 'node_modules', name, 'bin')
    return { version: range.slice(range.lastIndexOf('@') + 1), node: path.join(bin, 'node'), bin }
  })
  if (!wanted.every(({ node }) => fs.existsSync(node))) {
    const { code } = await run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder })
    if (code !== 0) throw new Error('the Node versions of tools/node-versions could not be installed')
    for (const { bin } of wanted) fs.rmSync(path.join(bin, '..', 'include'), { recursive: true, force: true })
  }
  return wanted.map(({ version, node, bin }) => ({
    version,
    node,
    env: { PATH: `${bin}${path.delimiter}${process.env['PATH'] ?? ''}` },
  }))
}
