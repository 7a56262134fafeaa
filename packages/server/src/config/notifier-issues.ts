import type { AlertmanagerConfig, EmailConfig, NotifierConfig } from './notifiers.ts'

interface Issue {
  readonly path: readonly string[]
  readonly message: string
}

/** What the shapes cannot say of notifiers, once references are resolved: a value from elsewhere may be anything. */
export function notifierIssues(notifiers: Readonly<Record<string, NotifierConfig>>): readonly Issue[] {
  return Object.entries(notifiers).flatMap(([name, notifier]) =>
    Object.entries(problemsOf(notifier)).flatMap(([key, message]) =>
      message === null ? [] : [{ path: ['notifiers', name, ...key.split('.')], message }],
    ),
  )
}

/** By setting. */
function problemsOf(notifier: NotifierConfig): Readonly<Record<string, string | null>> {
  switch (notifier.type) {
    case 'webhook':
      return { url: webProblem(notifier.url), secret: signingProblem(notifier.secret) }
    case 'slack':
      return { url: webProblem(notifier.url) }
    case 'pagerduty':
      return { url: webProblem(notifier.url), routingKey: routingKeyProblem(notifier.routingKey) }
    case 'email':
      return {
        url: smtpProblem(notifier),
        from: mailboxProblem(notifier.from),
        ...Object.fromEntries(notifier.to.map((each, at) => [`to.${at}`, mailboxProblem(each)])),
        ...loginProblems(notifier),
      }
    case 'alertmanager':
      return { url: webProblem(notifier.url), ...loginProblems(notifier), token: tokenProblem(notifier) }
  }
}

function webProblem(text: string): string | null {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return 'is no address that begins with http:// or https://'
  return url.username === '' && url.password === ''
    ? null
    : 'holds a user or a password, which are not sent from there; take them out'
}

function smtpProblem({ url: text, user, tls }: EmailConfig): string | null {
  const url = URL.parse(text)
  if (url === null || !/^smtps?:$/.test(url.protocol) || url.hostname === '')
    return 'is no address as smtp://mail.internal:587 or smtps://mail.internal:465'
  if (url.username !== '' || url.password !== '')
    return 'holds a user or a password; write them as user and password, which need no escapes'
  if (!/^\/?$/.test(url.pathname) || url.search !== '' || url.hash !== '') return 'says more than a host and a port'
  if (tls !== 'off') return null
  if (url.protocol === 'smtps:') return 'is encrypted, and tls is off; write smtp:// or leave tls out'
  return user === undefined || isLoopback(url.hostname)
    ? null
    : 'would get the password in plain text; leave tls out, or the user and the password'
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.[0-9]{1,3}){3}$/.test(hostname)
}

function mailboxProblem(text: string): string | null {
  return /^[!-~\u0080-\uffff]{3,320}$/u.test(text) && /^[^@<>()[\],;:"\\]{1,64}@[^@<>()[\],;:"\\]{1,255}$/u.test(text)
    ? null
    : 'is no address of one mailbox, as oncall@company.example'
}

function loginProblems(login: Pick<EmailConfig, 'user' | 'password'>): Readonly<Record<string, string | null>> {
  return { user: userProblem(login), password: passwordProblem(login) }
}

function userProblem({ user, password }: Pick<EmailConfig, 'user' | 'password'>): string | null {
  if (user === undefined) return null
  if (user.includes(':') || hasControls(user)) return 'has a character that no name may have'
  return password === undefined ? 'has no password' : null
}

function passwordProblem({ user, password }: Pick<EmailConfig, 'user' | 'password'>): string | null {
  if (password === undefined) return null
  if (user === undefined) return 'has no user'
  return password === '' || hasControls(password) ? 'is empty, or has a line break or the like' : null
}

function tokenProblem({ token, user }: AlertmanagerConfig): string | null {
  if (token === undefined) return null
  if (user !== undefined) return 'stands beside a user; only one of them can be sent'
  return /^[\x21-\x7e]+$/.test(token) ? null : 'is no token: it is empty, or has a space or a line break'
}

function routingKeyProblem(key: string): string | null {
  return /^[A-Za-z0-9]{32}$/.test(key)
    ? null
    : 'is no integration key of version 2 of the Events API: 32 letters and digits'
}

function signingProblem(secret: string): string | null {
  const text = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1]
  return text !== undefined && Buffer.from(text, 'base64').length >= 24
    ? null
    : 'is not whsec_ and base64 of at least 24 bytes; make one with: echo whsec_$(openssl rand -base64 32)'
}

function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text)
}
