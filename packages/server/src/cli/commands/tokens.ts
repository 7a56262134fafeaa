import { type GlobalOptions, withOffice } from '../context.ts'
import { printTable } from '../output.ts'

export function tokenCreateCommand(name: string, options: GlobalOptions & { readonly role: string }): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const made = await client.post<{ name: string; token: string }>('/tokens', { name, role: options.role })
    output.out(output.json ? JSON.stringify(made) : made.token)
    if (!output.json) output.say('This is the only time it is shown.')
  })
}

export function tokenListCommand(options: GlobalOptions): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const { tokens } = await client.get<{
      tokens: readonly { name: string; role: string; createdAt: string; revokedAt: string | null }[]
    }>('/tokens')
    if (output.json) return output.out(JSON.stringify(tokens))
    printTable(output, tokens, [
      { title: 'NAME', value: ({ name }) => name },
      { title: 'ROLE', value: ({ role }) => role },
      { title: 'CREATED', value: ({ createdAt }) => createdAt },
      { title: 'REVOKED', value: ({ revokedAt }) => revokedAt },
    ])
  })
}

export function tokenRevokeCommand(name: string, options: GlobalOptions): Promise<void> {
  return withOffice(options, async ({ client, output }) => {
    const done = await client.delete<{ revoked: string }>(`/tokens/${encodeURIComponent(name)}`)
    output.out(output.json ? JSON.stringify(done) : `${name} revoked`)
  })
}
