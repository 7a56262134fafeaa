import type { NodemailerError } from 'nodemailer'
import type { SMTPTransportOptions } from 'nodemailer/lib/smtp-transport'
import type { Delivered } from '../alerts/index.ts'
import type { EmailConfig } from '../config/index.ts'

const stepMs = 10_000

export function connectionOf({
  url: text,
  tls,
  user,
  password,
}: Pick<EmailConfig, 'url' | 'tls' | 'user' | 'password'>): {
  readonly host: string
  readonly options: SMTPTransportOptions
} {
  const url = new URL(text)
  const secure = url.protocol === 'smtps:'
  const port = url.port === '' ? (secure ? 465 : 587) : Number(url.port)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return {
    host: `${url.hostname}:${port}`,
    options: {
      host,
      port,
      secure,
      ...(tls === 'off' ? { ignoreTLS: true } : secure ? {} : { requireTLS: true }),
      // A server that does not ask for the password is told of it all the same, and so found out.
      ...(user === undefined ? {} : { auth: { user, pass: password ?? '' }, forceAuth: true }),
      connectionTimeout: stepMs,
      greetingTimeout: stepMs,
      socketTimeout: stepMs,
      dnsTimeout: stepMs,
      socketCloseTimeout: 1_000,
      maxResponseSize: 65_536,
    },
  }
}

/**
 * Refused is only what the message itself is refused for: a wrong password, sender or recipient passes once the configuration is mended. Reasons hold
 * no text of the server.
 */
export function meaningOf(
  { name, code, originalCode, command, responseCode, response }: NodemailerError,
  { host, isLate }: { readonly host: string; readonly isLate: boolean },
): Delivered {
  if (isLate) return { kind: 'later', reason: `${host} took too long` }
  if (responseCode === undefined) {
    const why = originalCode ?? code ?? name
    const what = code === 'ETLS' ? 'has no TLS that can be trusted' : 'could not be reached'
    return { kind: 'later', reason: `${host} ${what} (${why})` }
  }
  const detail = /^[0-9]{3}[ -]([245]\.[0-9]{1,3}\.[0-9]{1,3})\b/.exec(response ?? '')?.[1]
  const reason = `${host} answered ${responseCode}${detail === undefined ? '' : ` ${detail}`} to ${command === undefined || command === 'CONN' ? 'the connection' : command}`
  return { kind: isOfMessage(command, responseCode) ? 'refused' : 'later', reason }
}

function isOfMessage(command: string | undefined, responseCode: number): boolean {
  return command === 'DATA' && responseCode >= 500 && ![503, 530, 534, 535, 538].includes(responseCode)
}
