import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A broken build: one guarantee taken out by a small change of the source. */
export interface Saboteur {
  readonly name: string
  /** What the build no longer does. */
  readonly breaks: string
  readonly file: string
  readonly target: 'embedded' | 'kafka' | 'rabbitmq'
  readonly kills: number
  readonly from: string
  readonly to: string
}

export const saboteurs: readonly Saboteur[] = []

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
  const file = path.join(copy, saboteur.file)
  const source = readFileSync(file, 'utf8')
  if (!source.includes(saboteur.from)) throw new Error(`saboteur ${saboteur.name}: ${saboteur.file} does not hold what it changes`)
  writeFileSync(file, source.replace(saboteur.from, () => saboteur.to))
  return { root: copy, remove: () => rmSync(copy, { recursive: true, force: true }) }
}

function symlinkModules(root: string, copy: string): void {
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'), 'dir')
}
