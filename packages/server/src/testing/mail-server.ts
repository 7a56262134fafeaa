import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  readonly isEncrypted: boolean
  readonly user: string | null
  /** Names in lower case, values unfolded and decoded, in their order. */
  readonly headers: readonly (readonly [string, string])[]
  readonly text: string
  readonly raw: string
}

export interface MailServer {
  readonly port: number
  readonly got: readonly ReceivedMail[]
  stop(): Promise<void>
}

type Step = 'connect' | 'from' | 'to' | 'data'

export interface MailServerOptions {
  /** Encrypted from the start. */
  readonly secure?: boolean
  readonly withoutStartTls?: boolean
  readonly login?: { readonly user: string; readonly password: string }
  /** A code that refuses a step; `undefined` takes it. */
  readonly answer?: (step: Step, address: string) => number | undefined
  /** It says nothing more from that step on. */
  readonly hangsAt?: Step
  /** Also called when it hangs. */
  readonly onStep?: (step: Step) => void
}

/** Of `localhost`, until 2124; nothing but tests knows it. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBaDCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjQwMTAxMDAwMDAwWhgPMjEyNDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHek7AFNCC8UZ1sC
NXcBFpCj/UzRqNIFrRjS0/QuigNknqW9U+C0GWMGdjDpbt51PFb1mnjh8Nz4329u
ckZeboyjTjBMMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAPBgNVHRMBAf8E
BTADAQH/MB0GA1UdDgQWBBQHtY+e3qHTvxQ7GH1DTQcPPUo31jAKBggqhkjOPQQD
AgNJADBGAiEA/7wTW2EZTFr/XegjTePSnmmCQCwFyE2XI05AJNRbSVACIQD3dmd8
goz584tBDWtdSVmL6bu5B6s/cWw7+0dpVcT8IQ==
-----END CERTIFICATE-----
`

const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghUDTfkue17HrqKjL
fP3Qswk9U6FlnluQEI/QuP37CLWhRANCAAR3pOwBTQgvFGdbAjV3ARaQo/1M0ajS
Ba0Y0tP0LooDZJ6lvVPgtBljBnYw6W7edTxW9Zp44fDc+N9vbnJGXm6M
-----END PRIVATE KEY-----
`

/** A real SMTP server, on a free port of 127.0.0.1, with a certificate that nobody trusts unless told to. */
export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const { secure = false, withoutStartTls = false, login, answer, hangsAt, onStep } = options
  const got: ReceivedMail[] = []
  const at = (step: Step, address: string, go: (error?: Error) => void): void => {
    onStep?.(step)
    if (step === hangsAt) return
    const code = answer?.(step, address)
    go(code === undefined ? undefined : Object.assign(new Error('5.7.99 <b>no</b>'), { responseCode: code }))
  }
  const settings: SMTPServerOptions = {
    secure,
    key,
    cert: certificate,
    logger: false,
    authOptional: login === undefined,
    disabledCommands: [...(withoutStartTls ? ['STARTTLS'] : []), ...(login === undefined ? ['AUTH'] : [])],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 10,
    onConnect: (_session, done) => at('connect', '', done),
    onAuth({ username, password }, _session, done) {
      if (username === login?.user && password === login?.password) return done(null, { user: username })
      done(Object.assign(new Error('wrong'), { responseCode: 535 }))
    },
    onMailFrom: ({ address }, _session, done) => at('from', address, done),
    onRcptTo: ({ address }, _session, done) => at('to', address, done),
    onData(stream, { envelope, secure: isEncrypted, user }, done) {
      void textOf(stream).then((raw) =>
        at('data', '', (error) => {
          if (error !== undefined) return done(error)
          const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
          const to = envelope.rcptTo.map(({ address }) => address)
          got.push({ from, to, isEncrypted, user: typeof user === 'string' ? user : null, ...parsed(raw), raw })
          done()
        }),
      )
    },
  }
  const server = new SMTPServer(settings)
  // Whoever hangs up is no fault of a test.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.server.address() as AddressInfo).port,
    got,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function parsed(raw: string): Pick<ReceivedMail, 'headers' | 'text'> {
  const end = raw.indexOf('\r\n\r\n')
  const lines = raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), words(line.slice(colon + 1).trim())]
  })
  const encoding = headers.find(([name]) => name === 'content-transfer-encoding')?.[1]
  return { headers, text: decoded(raw.slice(end + 4), encoding) }
}

/** RFC 2047; spaces between two encoded words are none. */
function words(text: string): string {
  return text
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?UTF-8\?([BQ])\?([^?]*)\?=/gi, (_, how: string, inside: string) =>
      how.toUpperCase() === 'B'
        ? Buffer.from(inside, 'base64').toString('latin1')
        : quoted(inside.replaceAll('_', ' ')),
    )
    .replace(/^[^]*$/, (all) => (/[\u0080-\u00ff]/.test(all) ? Buffer.from(all, 'latin1').toString('utf8') : all))
}

function decoded(text: string, encoding: string | undefined): string {
  if (encoding === 'base64') return Buffer.from(text, 'base64').toString('utf8')
  if (encoding !== 'quoted-printable') return text
  return Buffer.from(quoted(text.replaceAll('=\r\n', '')), 'latin1').toString('utf8')
}

function quoted(text: string): string {
  return text.replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
