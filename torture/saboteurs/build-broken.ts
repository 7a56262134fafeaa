import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Saboteur } from './saboteur.ts'

/** A copy of the sources with the change made. @throws when the place to change is not there any more: the saboteur must be mended with the code */
export function buildBroken(root: string, saboteur: Saboteur): { readonly root: string; remove(): void } {
  const copy = mkdtempSync(path.join(tmpdir(), `redrive-saboteur-${saboteur.name}-`))
  const copied = ['packages', 'torture', 'tools', 'package.json', 'tsconfig.json']
  for (const each of copied) {
    cpSync(path.join(root, each), path.join(copy, each), {
      recursive: true,
      filter: (source) => !/[/\\](node_modules|dist|fixtures)([/\\]|$)/.test(path.relative(root, source)),
    })
  }
  symlinkModules(root, copy)
  for (const { file, from, to } of saboteur.changes) {
    const source = readFileSync(path.join(copy, file), 'utf8')
    if (!source.includes(from)) throw new Error(`saboteur ${saboteur.name}: ${file} does not hold what it changes`)
    writeFileSync(
      path.join(copy, file),
      source.replace(from, () => to),
    )
  }
  return { root: copy, remove: () => rmSync(copy, { recursive: true, force: true }) }
}

/** The installed packages of the original, but the workspace's own from the copy. */
function symlinkModules(root: string, copy: string): void {
  const modules = path.join(copy, 'node_modules')
  mkdirSync(path.join(modules, '@redrive'), { recursive: true })
  for (const name of readdirSync(path.join(root, 'node_modules'))) {
    if (name !== '@redrive' && name !== 'redrive')
      symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name))
  }
  for (const each of ['packages/worker', 'packages/server']) {
    const nested = path.join(root, each, 'node_modules')
    if (existsSync(nested)) symlinkSync(nested, path.join(copy, each, 'node_modules'), 'dir')
  }
  symlinkSync(path.join(copy, 'packages/worker'), path.join(modules, '@redrive/worker'))
  symlinkSync(path.join(copy, 'packages/server'), path.join(modules, 'redrive'))
}
