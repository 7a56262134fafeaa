/** What a token may do: `operator` everything; `viewer` looks, changes nothing, and sees what is masked only as masked. */
export const roles = ['operator', 'viewer'] as const
export type Role = (typeof roles)[number]

/** Who holds a token. */
export interface Holder {
  readonly name: string
  readonly role: Role
}
