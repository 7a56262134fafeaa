import type { Delivered, Notifier } from '../alerts/index.ts'
import type { EmailConfig } from '../config/index.ts'
import { emailMessage } from './email-message.ts'
import { connectionOf, meaningOf, type SmtpError } from './smtp.ts'

/** Less than the lease of a notifier, more than the pause by which some servers keep out what is impatient. */
const patienceMs = 20_000

export function emailNotifier(name: string, settings: Omit<EmailConfig, 'type'>): Notifier {
  const { from, to, perMinute } = settings
  const { host, options } = connectionOf(settings)
  // Who took what is being tried. One notice is tried until it ends, so there is one at most.
  let trying: { readonly key: string; readonly took: Set<string> } = { key: '', took: new Set() }
  return {
    name,
    perMinute,
    async deliver(notification, stop): Promise<Delivered> {
      if (trying.key !== notification.key) trying = { key: notification.key, took: new Set() }
      const { took } = trying
      const left = to.filter((each) => !took.has(each))
      const patience = AbortSignal.any([stop, AbortSignal.timeout(patienceMs)])
      try {
        // Here, so that no command has to wait for it.
        const { createTransport } = await import('nodemailer')
        const sent = await createTransport(options).sendMail({
          ...emailMessage(notification, { name, from }),
          from: { name: 'Redrive', address: from },
          to: [...to],
          envelope: { from, to: left },
          disableFileAccess: true,
          disableUrlAccess: true,
          signal: patience,
        })
        const refusals = (sent.rejectedErrors ?? []) as readonly SmtpError[]
        const refusedOf = new Map(refusals.map((refusal) => [refusal.recipient, refusal]))
        for (const each of left) if (!refusedOf.has(each)) took.add(each)
        return partlyTaken(host, refusals)
      } catch (error) {
        return meaningOf(error as SmtpError, { host, isLate: patience.aborted })
      }
    },
  }
}

/** Who did not take it may yet; whoever never will must not have the others told again. */
function partlyTaken(host: string, refusals: readonly SmtpError[]): Delivered {
  const [first] = refusals
  if (first === undefined) return { kind: 'delivered' }
  const passing = refusals.find(({ responseCode }) => responseCode === undefined || responseCode < 500)
  const { responseCode, recipient } = passing ?? first
  const reason = `${host} answered ${responseCode ?? 'nothing'} to ${recipient ?? 'a recipient'}, and took it for the others`
  return { kind: passing === undefined ? 'refused' : 'later', reason }
}
