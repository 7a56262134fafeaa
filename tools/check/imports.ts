import { stripTypeScriptTypes } from 'node:module'
import path from 'node:path'
import { parse } from 'es-module-lexer'

/** One import of one file, type-only imports included. */
export interface Import {
  /** The importing file, relative to the root. */
  readonly from: string
  readonly line: number
  /** As written. */
  readonly specifier: string
  /** The imported file relative to the root when the specifier is relative, otherwise the specifier. */
  readonly to: string
}

/** What `to` is when only the running program knows it. */
export const computed = '(computed)'

/**
 * All imports of a TypeScript source: `import`, `import type`, `export … from`, `import()`. The lexer
 * reads TypeScript without a full parser; that it missed nothing is checked against the same source stripped of its types.
 * `import('x').T` in a type is not seen: lint forbids it.
 */
export function importsOf(file: string, source: string): Import[] {
  const found = read(file, source)
  const seen = new Set(found.map((one) => one.specifier))
  for (const { specifier } of read(file, stripTypeScriptTypes(source))) {
    if (!seen.has(specifier)) throw new Error(`${file}: the import of ${specifier} was not seen in the typed source`)
  }
  return found
}

function read(file: string, source: string): Import[] {
  return parse(source, file)[0].flatMap((one) => {
    if (one.type === 'import-meta') return []
    const line = source.slice(0, one.importStart).split('\n').length
    const specifier = one.type === 'dynamic' && (one.glob || one.specifier === undefined) ? computed : one.specifier
    return specifier === undefined ? [] : [{ from: file, line, specifier, to: resolve(file, specifier) }]
  })
}

function resolve(file: string, specifier: string): string {
  return specifier.startsWith('.') ? path.posix.join(path.posix.dirname(file), specifier) : specifier
}
