const parts = [
  'password',
  'passwd',
  'passphrase',
  'secret',
  'token',
  'authorization',
  'cookie',
  'apikey',
  'accesskey',
  'privatekey',
  'credential',
  'sessionid',
]
const whole = new Set(['pwd', 'cvv', 'cvc', 'ssn', 'otp'])
/** Names of faults, programs and counts that only speak of secrets: `TokenExpiredError: jwt expired`. */
const harmless =
  /(?:error|exception|warning|failure|fault|service|manager|provider|store|handler|factory|count|type|tokens)$/

const maxName = 200

/** Whether a name says that what it names is secret: `X-Api-Key`, `user_password`. What is longer than names are is taken for one. */
export function isSecretName(name: string): boolean {
  const plain = name
    .slice(0, maxName)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
  if (whole.has(plain)) return true
  return parts.some((part) => plain.includes(part)) && !harmless.test(plain)
}
