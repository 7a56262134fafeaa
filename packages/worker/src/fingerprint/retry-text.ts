const count = /\b(?:attempts?|tries|retries|times|retry)\b/i
const end = /\b(?:fail\w*|gave up|giving up|give up|discard\w*|exhaust\w*|after|abandon\w*|aborted|stopped)\b/i

/** Says only that something was tried several times, not what failed. */
export function saysRetry(text: string): boolean {
  return count.test(text) && end.test(text)
}

/** `all 4 attempts failed: no such invoice` is `no such invoice`, said once more. */
export function withoutRetry(text: string): string {
  const colon = text.indexOf(': ')
  if (colon === -1 || colon > 200) return text
  const prefix = text.slice(0, colon)
  return prefix.includes('\n') || !saysRetry(prefix) ? text : text.slice(colon + 2)
}
