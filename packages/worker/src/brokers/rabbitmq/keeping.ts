import type { Keeping } from '../../broker.ts'
import type { ManagementOptions, QueueLimits } from './management.ts'

/** What removes messages of a queue that nobody took: the smaller of its argument and its policy, as RabbitMQ has it. */
export function keepingOf(limits: QueueLimits, { vhost = '/' }: Pick<ManagementOptions, 'vhost'> = {}): Keeping {
  const { arguments: own = {}, effective_policy_definition: policy = {} } = limits
  const least = (name: string): number | null => {
    const all = [own[`x-${name}`], policy[name]].filter((each) => typeof each === 'number')
    return all.length === 0 ? null : Math.min(...all)
  }
  // A queue that refuses what is new when it is full removes nothing that it has.
  const overflow = own['x-overflow'] ?? policy['overflow'] ?? 'drop-head'
  const isDropping = overflow === 'drop-head'
  return {
    ageMs: least('message-ttl'),
    messages: isDropping ? least('max-length') : null,
    bytes: isDropping ? least('max-length-bytes') : null,
    unusedMs: least('expires'),
    isCompacted: false,
    longer: longerOf(limits, vhost),
  }
}

const limiting = ['message-ttl', 'max-length', 'max-length-bytes', 'expires'] as const

function longerOf({ arguments: own = {}, policy, operator_policy: operator }: QueueLimits, vhost: string): string {
  const fixed = limiting.map((name) => `x-${name}`).filter((name) => name in own)
  if (fixed.length > 0)
    return `declare a queue without ${fixed.join(' and ')} in place of it: arguments of a queue cannot be changed`
  const named = [policy, operator].filter((each) => typeof each === 'string' && each !== '').map(String)
  const list = `rabbitmqctl list_policies -p ${quoted(vhost)}`
  return named.length === 0 ? list : `${list}   (then set_policy with more for ${named.map(quoted).join(' and ')})`
}

function quoted(name: string): string {
  return /^[\w./-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`
}
