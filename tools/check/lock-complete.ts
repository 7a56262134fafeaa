/** The parts of a `package-lock.json` (version 3) that are read. */
export interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>
}

/**
 * Platform packages that a lock does not hold. `npm install` leaves them out without a word when a registry lacks them, and the
 * lock then works on some machines only.
 */
export function missingPlatformPackages(lock: Lock): string[] {
  return Object.entries(lock.packages).flatMap(([place, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !isLocked(lock, { place, name }))
      .map(([name, range]) => `${name}@${range}, which ${place || 'the root'} wants`),
  )
}

/** A package is found as Node finds it: in the folder itself, then in each one above. */
function isLocked(lock: Lock, options: { place: string; name: string }): boolean {
  for (let folder = options.place; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    if (lock.packages[`${folder === '' ? '' : `${folder}/`}node_modules/${options.name}`] !== undefined) return true
    if (folder === '') return false
  }
}
