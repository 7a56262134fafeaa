import type { NodemailerError } from 'nodemailer'
import type { Delivered, Notifier } from '../alerts/index.ts'
import type { EmailConfig } from '../config/index.ts'
import { emailMessage } from './email-message.ts'
import { connectionOf, meaningOf } from './smtp.ts'

/** Less than the lease of a notifier, more than the pause by which some servers keep out what is impatient. */
const mostPatienceMs = 20_000

type EmailSettings = Omit<EmailConfig, 'type'> & { readonly patienceMs?: number }

export function emailNotifier(name: string, settings: EmailSettings): Notifier {
  const { from, to, perMinute, patienceMs = mostPatienceMs } = settings
  const { host, options } = connectionOf(settings)
  // Who took what is being tried. One notice is tried until it ends, so there is one at most.
  let trying = nobody()
  return {
    name,
    perMinute,
    async deliver(notification, stop): Promise<Delivered> {
      if (trying.key !== notification.key) trying = nobody(notification.key)
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
        const delivered = partlyTaken(host, sent.rejectedErrors)
        // What is tried although it ended goes to all again: that it ended could not be written down.
        if (delivered.kind !== 'later') trying = nobody()
        else for (const each of left) if (sent.accepted.includes(each)) took.add(each)
        return delivered
      } catch (error) {
        const refusal = error as NodemailerError
        if (took.size > 0 && refusal.rejectedErrors !== undefined) return partlyTaken(host, refusal.rejectedErrors)
        return meaningOf(refusal, { host, isLate: patience.aborted })
      }
    },
  }
}

function nobody(key = ''): { readonly key: string; readonly took: Set<string> } {
  return { key, took: new Set() }
}

/** Who did not take it may yet; whoever never will must not have the others told again. */
function partlyTaken(host: string, refusals: readonly NodemailerError[] = []): Delivered {
  const [first] = refusals
  if (first === undefined) return { kind: 'delivered' }
  const passing = refusals.find(({ responseCode }) => responseCode === undefined || responseCode < 500)
  const { responseCode, recipient } = passing ?? first
  const reason = `${host} answered ${responseCode ?? 'nothing'} to ${recipient ?? 'a recipient'}, and took it for the others`
  return { kind: passing === undefined ? 'refused' : 'later', reason }
}
