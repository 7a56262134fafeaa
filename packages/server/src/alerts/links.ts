import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { parseAlertId, showAlertId } from '../store/ids.ts'
import type { Alert } from './alert.ts'

/** Addresses that acknowledge alerts without a token: whoever was told of an alert may take it, and nothing else. */
export async function acknowledgeLinks(
  client: Pool | PoolClient,
  officeUrl: string | null,
): Promise<(alert: Alert) => string | null> {
  if (officeUrl === null) return () => null
  const key = await keyOf(client)
  const base = officeUrl.replace(/\/+$/, '')
  return ({ id }) => `${base}/acknowledge/${showAlertId(id)}/${codeOf(key, id)}`
}

/** Whether the code is that of the alert's link. @throws NOT_FOUND for what is no id */
export async function isLinkOf(
  client: Pool | PoolClient,
  link: { readonly alert: string; readonly code: string },
): Promise<boolean> {
  const right = Buffer.from(codeOf(await keyOf(client), parseAlertId(link.alert)))
  const given = Buffer.from(link.code)
  return given.length === right.length && timingSafeEqual(given, right)
}

async function keyOf(client: Pool | PoolClient): Promise<Buffer> {
  const { rows } = await client.query<{ key: Buffer }>({ name: 'link-key', text: 'select key from link_key' })
  const [row] = rows
  if (row === undefined) throw new Error('the table link_key is empty: it is filled when it is made, and never emptied')
  return row.key
}

/** 128 bits are enough to be found by nobody, and short enough for a text message. */
function codeOf(key: Buffer, alertId: string): string {
  return createHmac('sha256', key).update(`acknowledge ${alertId}`).digest().subarray(0, 16).toString('base64url')
}
