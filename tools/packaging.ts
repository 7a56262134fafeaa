/** Builds and packs both packages, checks what they declare, and uses them as a stranger would on every promised Node. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { run, script, tool } from './lib/run.ts'
import { root } from './lib/workspace.ts'
import { nodeVersions } from './packaging/node-versions.ts'
import { tryInstalled } from './packaging/try-installed.ts'

const wrong: string[] = []
const step = async (what: string, command: [string, ...string[]]): Promise<void> => {
  const { code, output } = await run(command, { quiet: true })
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${what}`)
  if (code !== 0) wrong.push(`${what}\n${output.slice(-4_000)}`)
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'redrive-tarballs-'))
try {
  await step('build', script('tools/build.ts'))
  const workspaces = ['-w', 'packages/worker', '-w', 'packages/server']
  await step('pack', ['npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', folder, ...workspaces])
  const tarballs = fs.readdirSync(folder).map((name) => path.join(folder, name))
  if (tarballs.length !== 2) wrong.push(`two tarballs were expected, not ${tarballs.length}`)
  for (const name of ['worker', 'server']) {
    await step(`publint ${name}`, tool('publint', '--strict', path.join(root, 'packages', name)))
  }
  for (const tarball of tarballs) {
    await step(`types of ${path.basename(tarball)}`, tool('attw', '--profile', 'esm-only', '--no-emoji', tarball))
  }
  for (const node of await nodeVersions()) wrong.push(...(await tryInstalled(tarballs, node)))
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}
for (const line of wrong) console.error(`FAIL ${line}`)
process.exit(wrong.length === 0 ? 0 : 1)
