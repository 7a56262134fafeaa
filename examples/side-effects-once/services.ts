export interface Charge {
  readonly id: string
}

const charges = new Map<string, Charge>()
export const mails: string[] = []
let calls = 0

/** A provider whose first answer is lost on the way, after it has charged. */
export const payments = {
  async charge(order: string, idempotencyKey: string): Promise<Charge> {
    calls += 1
    const charge = { id: `ch_${charges.size + 1}` }
    charges.set(idempotencyKey, charge)
    if (calls === 1) throw Object.assign(new Error(`no answer about ${order}`), { code: 'ETIMEDOUT', syscall: 'read' })
    return charge
  },
  async find(idempotencyKey: string): Promise<Charge | undefined> {
    return charges.get(idempotencyKey)
  },
  summary: (): string => `${charges.size} charge in ${calls} call`,
}

let mailCalls = 0

/** Refuses connections at first. */
export async function sendMail(text: string): Promise<void> {
  mailCalls += 1
  if (mailCalls === 1)
    throw Object.assign(new Error('mail server is down'), { code: 'ECONNREFUSED', syscall: 'connect' })
  mails.push(text)
}
