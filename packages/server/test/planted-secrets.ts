import type { Header } from '@redrive/worker'
import type { MaskRule } from '../src/config/index.ts'
import type { DeadLetter } from './office-bed.ts'

export const rules: readonly MaskRule[] = [
  { pattern: 'email' },
  { pattern: 'card-number' },
  { pattern: 'iban' },
  { path: '$.customer.name' },
  { path: '**.birthday' },
  { header: 'x-customer' },
]

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJl'
const pem = '-----BEGIN PRIVATE KEY-----\nMIIEvplantedKey\n-----END PRIVATE KEY-----'
const aws = 'AKIAPLANTEDEXAMPLE77'
const email = (n: number): string => `erika${n}@planted.example`
const card = '4111111111111111'
const iban = 'DE89370400440532013000'
const binary = Buffer.concat([Buffer.from([0xff, 0x00, 0x01]), Buffer.from(`x ${email(90)} password=planted-binary`)])

const header = (name: string, value: string | Buffer): Header => ({ name, value: Buffer.from(value) })
const json = JSON.stringify

/** What must be seen nowhere: a part of each that is nowhere else. */
export const cores: readonly string[] = [
  ...[
    'eyJzdWIiOiJwbGFudGVkIn0',
    'plantedKey',
    'PLANTEDEXAMPLE77',
    '4111111111111111',
    '4111 1111 1111',
    '0532013000',
    '0532 0130',
  ],
  ...Array.from({ length: 100 }, (_, n) => `erika${n}@`),
  ...[
    'password',
    'nested',
    'cookie',
    'apikey',
    'header',
    'error',
    'stack',
    'binary',
    'text',
    'patch',
    'upload',
    'edit',
    'transform',
    'key',
    'escaped',
    'name',
    'customer',
    'birthday',
    'packed',
    'xml',
    'url',
    'other',
  ].map((each) => `planted-${each}`),
]

const customer = { name: 'planted-name', email: email(1), iban: 'DE89 3704 0044 0532 0130 00' }
const stack = (n: number): string =>
  `Error: refused ${email(20 + n)} with token=planted-stack\n    at place${n} (/srv/orders.js:1:2)\n    at said (${jwt})`

/** Dead letters with secrets of each kind in each part of them. */
export const planted: readonly DeadLetter[] = [
  {
    key: email(0),
    headers: [
      header('x-customer', 'planted-customer'),
      header('x-api-key', 'planted-apikey'),
      header('cookie', 'session=planted-cookie'),
      header('trace', `for ${email(2)}`),
      header('json', json({ token: 'planted-header', n: 1 })),
      header('bytes', binary),
    ],
    body: `{"n":9007199254740993,"customer":${json(customer)},"card":${card},"note":"card 4111 1111 1111 1111 of ${email(3)}","list":["${jwt}",{"password":"planted-password"}],"packed":${json(json({ customer, secret: 'planted-packed', birthday: 'planted-birthday' }))},"\\u0061piKey":"planted-\\u0065scaped","${email(4)}":1,"pem":${json(pem)}}`,
    error: `no slot for ${email(5)}, ${aws}, password=planted-error, card ${card}`,
    errorClass: 'Refused',
    stack: stack(1),
    host: 'web-1',
  },
  {
    key: json({ customer, birthday: 'planted-key' }),
    body: json({ a: { birthday: 'planted-birthday' }, secret: { x: ['planted-nested'] }, to: iban }),
    error: `{"customer":"${email(6)}","iban":"${iban}"}`,
    errorClass: 'BadJson',
    stack: null,
    tier: 'permanent',
  },
  {
    key: binary,
    body: binary,
    error: `at amqp://planted-url:planted-url@broker/x: ${pem}`,
    errorClass: 'Binary',
    stack: stack(2),
  },
  {
    key: 'plain',
    body: `<order><password>planted-xml</password> ${email(7)} apiKey: 'planted-text'</order>`,
    error: `${'x'.repeat(485)} to ${email(8)} with ${jwt}`,
    errorClass: 'Long',
    stack: null,
  },
  // Enough of one kind for what letters have in common.
  ...Array.from({ length: 24 }, (_, n) => ({
    key: email(30),
    headers: [header('x-customer', 'planted-customer'), header('set-cookie', 'planted-cookie')],
    body: json({ customer, card: Number(card), password: 'planted-password', long: `${jwt}${'x'.repeat(100)}`, n }),
    error: `refused for ${email(31)}`,
    errorClass: 'Same',
    stack: null,
    release: '9.0',
  })),
  ...Array.from({ length: 30 }, (_, n) => ({
    key: `k${n}`,
    body: json({ n, kind: 'harmless' }),
    errorClass: 'Harmless',
    stack: null,
    host: `web-${n % 3}`,
  })),
]

export const patch = json([
  { op: 'set', path: '/customer/name', value: 'planted-patch' },
  { op: 'add', path: '/password', value: 'planted-other' },
  { op: 'add', path: '/mail', value: email(40) },
])
export const headerEdits = [
  { op: 'set', name: 'x-customer', value: { text: 'planted-edit' } },
  { op: 'add', name: 'x-secret', value: { base64: Buffer.from('planted-edit').toString('base64') } },
]
export const upload = { text: json({ customer: { name: 'planted-upload' }, mail: email(41) }) }
export const transform = json([
  { op: 'set', path: '/password', value: 'planted-transform' },
  { op: 'set', path: '/customer/email', value: email(42) },
])
/** Said by people. */
export const reason = `as ${email(50)} asked, with ${jwt}`

/** The cores that are in what was given out, in whatever form. */
export function hitsIn(given: string): readonly string[] {
  const unescaped = given.replaceAll(/\\u([0-9a-f]{4})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  const decoded = Array.from(given.matchAll(/[A-Za-z0-9+/]{8,}={0,2}/g), ([each]) =>
    Buffer.from(each, 'base64').toString('latin1'),
  )
  const hex = Array.from(given.matchAll(/(?:[0-9a-f]{2} ){4,}/g), ([each]) =>
    Buffer.from(each.replaceAll(' ', ''), 'hex').toString('latin1'),
  )
  const all = [given, unescaped, ...decoded, ...hex].join('\n')
  return cores.filter((core) => all.includes(core))
}
