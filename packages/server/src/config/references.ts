import { readFileSync } from 'node:fs'

/** Why a value with `${…}` cannot be used. */
export class ReferenceProblem {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

/**
 * Fills in `${env:NAME}` and `${file:/path}`; anything else in `${…}` is refused. The only way a secret gets into the configuration.
 */
export function resolveReferences(text: string, env: NodeJS.ProcessEnv): string | ReferenceProblem {
  let problem: ReferenceProblem | undefined
  const resolved = text.replaceAll(/\$\{([^}]*)\}/g, (_, inside: string) => {
    const value = resolveOne(inside, env)
    if (typeof value === 'string') return value
    problem ??= value
    return ''
  })
  return problem ?? resolved
}

/** True when an address holds a password in plain text instead of a reference. */
export function holdsSecret(url: string): boolean {
  const userInfo = /^[a-z][a-z0-9+.-]*:\/\/([^/?#@]*)@/i.exec(url)?.[1]
  const password = userInfo?.slice(userInfo.indexOf(':') + 1)
  return userInfo !== undefined && userInfo.includes(':') && password !== '' && !password?.includes('${')
}

function resolveOne(inside: string, env: NodeJS.ProcessEnv): string | ReferenceProblem {
  const [kind, name] = [inside.slice(0, inside.indexOf(':')), inside.slice(inside.indexOf(':') + 1)]
  if (kind === 'env' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return env[name] ?? new ReferenceProblem(`the environment has no ${name}`)
  }
  if (kind === 'file' && name !== '') {
    try {
      return readFileSync(name, 'utf8').replace(/\r?\n$/, '')
    } catch (error) {
      return new ReferenceProblem(
        `the file ${name} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      )
    }
  }
  return new ReferenceProblem(`\${${inside}} is neither \${env:NAME} nor \${file:/path}`)
}
