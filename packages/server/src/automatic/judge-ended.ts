/** A policy's run, as far as it is. */
export interface RunFacts {
  readonly state: 'running' | 'paused' | 'halted' | 'cancelled' | 'done'
  /** Of its canary; `null`: it has none, or none yet. */
  readonly verdict: 'pass' | 'fail' | 'inconclusive' | 'overridden' | null
  /** The rule that stopped it; `null` where a person did. */
  readonly rule: string | null
  readonly problem: string | null
  /** Sent for certain, and those of which nobody knows. */
  readonly sent: number
  readonly notSent: number
  readonly confirmed: number
  readonly returned: number
  /** Letters whose outcome is still waited for. */
  readonly pending: number
}

/** `null`: it goes on. `hasToEnd`: what it did not send is to be open again. */
export type Judgement = {
  readonly verdict: 'passed' | 'failed' | 'cancelled'
  readonly why: string
  readonly hasToEnd: boolean
} | null

/**
 * A halt and a canary without an answer are failures: nobody waits for the run who could decide. A person's pause is left alone, and a person's cancel
 * is a word about the policy. A run that sent everything is judged when all is known, or is not waited for any more: more than a twentieth returned fails
 * it, as in the halt rules, however few they are; so does silence.
 */
export function judgeEnded(run: RunFacts): Judgement {
  const { state, rule, problem, sent, notSent, confirmed, returned, pending } = run
  const failed = (why: string, hasToEnd = false): Judgement => ({ verdict: 'failed', why, hasToEnd })
  switch (state) {
    case 'running':
      return null
    case 'paused':
      return rule === null ? null : failed(problem ?? 'it paused', true)
    case 'halted':
      return failed(problem ?? 'it halted', true)
    case 'cancelled':
      return { verdict: 'cancelled', why: problem ?? 'it was cancelled', hasToEnd: false }
    case 'done': {
      const all = sent + notSent
      if (returned * 20 > all) return failed(`${returned} of ${all} letters died again`)
      if (pending > 0) return null
      if (confirmed === 0)
        return failed(sent === 0 ? 'none of its letters could be sent' : 'nobody said what became of its letters')
      return { verdict: 'passed', why: `${confirmed} of ${all} letters were handled`, hasToEnd: false }
    }
  }
}
