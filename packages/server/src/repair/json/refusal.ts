/** Why an edit cannot be done. A value that is thrown within this room only; at its doors it becomes an answer or a fault. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal'
  /** Byte of the document where it is wrong, from 0. */
  readonly position: number | null
  /** Which operation of a patch could not be applied, from 0. */
  readonly operation: number | null

  constructor(message: string, where: { readonly position?: number; readonly operation?: number } = {}) {
    super(message)
    this.position = where.position ?? null
    this.operation = where.operation ?? null
  }
}
