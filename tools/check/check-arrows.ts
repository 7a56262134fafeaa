import { arrowRules } from './arrow-rules.ts'
import { findCycles } from './find-cycles.ts'
import { type Import, importsOf } from './imports.ts'

/** What breaks the arrows in these sources (path relative to the root → text), a line each. */
export function checkArrows(sources: ReadonlyMap<string, string>): string[] {
  const imports: Import[] = [...sources].flatMap(([file, source]) => importsOf(file, source))
  const broken = imports.flatMap((one) =>
    arrowRules.flatMap((rule) => {
      const wrong = rule(one)
      return wrong === undefined ? [] : [`${one.from}:${one.line}: imports ${one.specifier}: ${wrong}`]
    }),
  )
  const missing = imports
    .filter(({ to }) => to.startsWith('packages/') && to.endsWith('.ts') && !to.endsWith('.d.ts') && !sources.has(to))
    .map((one) => `${one.from}:${one.line}: imports ${one.specifier}: there is no such file`)
  return [...broken, ...missing, ...findCycles(imports).map((cycle) => `a circle: ${cycle.join(' → ')}`)]
}
