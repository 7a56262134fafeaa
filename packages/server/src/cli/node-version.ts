/** As `engines` in the package.json says; npm only warns of an older one. */
const least = [22, 22] as const

/** What to say to who runs an older Node; `null`: it is new enough. @param version as `process.versions.node` */
export function tooOldFor(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > least[0] || (major === least[0] && minor >= least[1])) return null
  return `redrive needs Node ${least.join('.')} or newer; this is ${version}.\ntry:   Install a newer one, and start it with that: /path/to/node "$(which redrive)"`
}
