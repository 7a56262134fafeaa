import { shellWord } from '../queues/index.ts'
import { counted, type Finding } from './finding.ts'

/** What is looked at of an automatic replay. */
export interface AutomaticState {
  readonly queue: string
  readonly tier: string
  readonly state: string
  readonly why: string
  readonly stopped: { readonly by: string } | null
  readonly healthUrl: string | null
  readonly unhealthySince: string | null
  /** Letters that may be sent, and those that are left out, by why. */
  readonly ready: number
  readonly leftOut: { readonly 'no-broker'?: number; readonly 'no-lane'?: number }
}

const hourMs = 3_600_000

/** Policies that were stopped, and those that cannot send what they are there for. */
export function automaticFindings(states: readonly AutomaticState[], nowMs: number): readonly Finding[] {
  return states.flatMap((each) => [...stopped(each), ...sick(each, nowMs), ...unfit(each)])
}

function stopped({ queue, tier, state, stopped: by, why }: AutomaticState): readonly Finding[] {
  if (state !== 'stopped' || by === null) return []
  return [
    {
      code: 'automatic-stopped',
      severity: by.by === 'policy' ? 'warning' : 'advice',
      queue,
      what: `its ${tier} letters are not replayed any more by themselves`,
      why,
      next: `redrive automatic resume --tier ${tier} --reason … ${shellWord(queue)}`,
    },
  ]
}

function sick(
  { queue, tier, state, why, healthUrl, ready, unhealthySince }: AutomaticState,
  nowMs: number,
): readonly Finding[] {
  if (state !== 'waiting' || ready === 0 || healthUrl === null || unhealthySince === null) return []
  const hours = Math.floor((nowMs - Date.parse(unhealthySince)) / hourMs)
  if (hours < 1) return []
  return [
    {
      code: 'automatic-cannot-work',
      severity: 'warning',
      queue,
      what: `its ${tier} letters wait for a backend that is not healthy for ${hours} h`,
      why,
      next: `curl -i ${shellWord(healthUrl)}   (if the address is wrong: change healthUrl in redrive.yaml)`,
    },
  ]
}

function unfit({ queue, tier, leftOut }: AutomaticState): readonly Finding[] {
  const [foreign = 0, laneless = 0] = [leftOut['no-broker'], leftOut['no-lane']]
  if (foreign + laneless === 0) return []
  return [
    {
      code: 'automatic-cannot-work',
      severity: 'warning',
      queue,
      what: `${counted(foreign + laneless, `${tier} letter`)} of it cannot be replayed by themselves`,
      why:
        foreign > 0
          ? 'they came from a connection that this office does not have'
          : 'their consumer is not of our worker library, so it has no lane: where they go is for a person to say',
      next:
        foreign > 0
          ? 'name the connection under brokers in redrive.yaml, by the name it had'
          : `redrive replay plan 'queue:${shellWord(queue)} tier:${tier}' --to origin`,
    },
  ]
}
