import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { issuesIn, parseConfig } from './load.ts'

const read = (text: string, env: NodeJS.ProcessEnv = {}): ReturnType<typeof parseConfig> =>
  parseConfig(text, { file: 'redrive.yaml', env })
const mistakes = (text: string, env: NodeJS.ProcessEnv = {}): readonly string[] => {
  try {
    read(text, env)
  } catch (error) {
    return issuesIn(error).map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)
  }
  return []
}

test('an empty file means the defaults', () => {
  assert.deepEqual(read(''), {
    data: '.redrive',
    database: null,
    http: { host: '127.0.0.1', port: 7070, url: null },
    brokers: {},
    queues: {},
    outcomeWindowMinutes: 15,
    notifiers: {},
    alerts: { limits: [], routes: [] },
    causes: { rules: [] },
    masking: { rules: [], defaults: true },
    redaction: { rules: [] },
    review: { says: {}, places: {} },
    retention: {
      keepDays: 30,
      afterwards: 'delete',
      open: { keepDays: 90, afterwards: 'keep', neverLookedAt: 'keep' },
    },
    most: { letters: null, bytes: null, whenReached: 'push-back', open: 'keep' },
    replay: {},
    archive: null,
    heartbeat: null,
    file: path.resolve('redrive.yaml'),
  })
})

test('a connection takes its defaults and its references', () => {
  const config = read(
    'brokers:\n  shop:\n    type: rabbitmq\n    url: ${env:AMQP_URL}\n    deadLetters: [orders-dead-letter]\n',
    {
      AMQP_URL: 'amqp://u:p@host',
    },
  )
  assert.deepEqual(config.brokers['shop'], {
    type: 'rabbitmq',
    url: 'amqp://u:p@host',
    deadLetters: ['orders-dead-letter'],
    receipts: 'redrive-receipts',
    consumer: 'redrive-office',
    at: 'redrive.yaml:3:5',
  })
})

test('the management of RabbitMQ has an address, whose password stands in no file', () => {
  const file = (url: string) =>
    `brokers:\n  shop:\n    type: rabbitmq\n    url: amqp://host\n    management: { url: "${url}" }\n    deadLetters: [dead]\n`
  const address = 'http://redrive:secret@rabbit:15672'
  const shop = read(file('${env:MANAGEMENT}'), { MANAGEMENT: address }).brokers['shop']
  assert.deepEqual(shop?.type === 'rabbitmq' ? shop.management : null, { url: address })
  assert.match(mistakes(file(address)).join(), /brokers\.shop\.management\.url: a password may not stand in the file/)
  assert.match(
    mistakes(file('amqp://rabbit')).join(),
    /brokers\.shop\.management\.url: is no address that begins with http/,
  )
})

test('a review has a zone, a day and a time, and goes to notifiers that are there', () => {
  const text = 'review:\n  zone: Europe/Zurich\n  at: tue 07:30\n  notify: [log]\n'
  const { says, places } = read(text).review
  assert.deepEqual(says, { zone: 'Europe/Zurich', at: 'tue 07:30', notify: ['log'] })
  assert.deepEqual(
    Object.entries(places).map(([field, place]) => `${field} ${place.split(':').at(-1)}`),
    ['zone 2', 'at 3', 'notify 4'],
  )
  assert.match(mistakes('review:\n  zone: Moon/Base\n').join(), /^2:9 review\.zone: is no time zone/)
  assert.match(mistakes('review:\n  at: monday 8\n').join(), /^2:7 review\.at: /)
  assert.match(
    mistakes('review:\n  notify: [chat]\n').join(),
    /^2:12 review\.notify\.0: there is no notifier "chat"; known are log$/,
  )
  const rings = 'notifiers:\n  oncall: { type: pagerduty, routingKey: "${env:KEY}" }\nreview:\n  notify: [oncall]\n'
  assert.deepEqual(mistakes(rings, { KEY: 'a'.repeat(32) }), [
    '4:12 review.notify.0: "oncall" is for alerts alone; choose of log',
  ])
})

test('a heartbeat has an address for the web, perhaps by reference, and a pace', () => {
  const text = 'heartbeat:\n  url: ${env:BEAT}\n'
  assert.deepEqual(read(text, { BEAT: 'https://watch.example/x' }).heartbeat, {
    url: 'https://watch.example/x',
    seconds: 60,
  })
  assert.match(mistakes(text, { BEAT: 'file:///etc/passwd' }).join(), /^2:8 heartbeat\.url: is no address that begins/)
  assert.match(mistakes('heartbeat:\n  url: ftp://x/y\n').join(), /^2:8 heartbeat\.url: /)
  assert.match(mistakes('heartbeat:\n  seconds: 60\n').join(), /url/)
})

test('unknown settings are mistakes, with the line and what was probably meant', () => {
  assert.deepEqual(mistakes('http:\n  prot: 1\n'), ['2:9 http.prot: there is no setting "prot"; did you mean "port"?'])
})

test('a mistake in one connection is explained for its type', () => {
  const [first] = mistakes('brokers:\n  main:\n    type: kafka\n    brokers: [nowhere]\n    deadLetters: [a]\n')
  assert.match(first ?? '', /^4:15 brokers\.main\.brokers\.0: /)
})

test('a schema of bodies is read from its file, beside the configuration; one that cannot be used is a mistake', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'redrive-config-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'redrive.yaml')
  const text = 'queues:\n  orders:\n    bodySchema: order.json\n'
  const issue = (): string => {
    try {
      parseConfig(text, { file, env: {} })
      return ''
    } catch (error) {
      return issuesIn(error)
        .map(({ line, column, message }) => `${line}:${column} ${message}`)
        .join()
    }
  }
  assert.match(issue(), /^3:17 the file \/.*order\.json cannot be read \(ENOENT\)/)
  writeFileSync(path.join(folder, 'order.json'), '{"type":')
  assert.match(issue(), /is no JSON/)
  writeFileSync(path.join(folder, 'order.json'), '[]')
  assert.match(issue(), /no JSON Schema/)
  writeFileSync(path.join(folder, 'order.json'), '{"type":"object"}\n')
  assert.equal(issue(), '')
  assert.equal(parseConfig(text, { file, env: {} }).queues['orders']?.bodySchema, '{"type":"object"}\n')
})

test('an unknown type of broker names the known ones', () => {
  const [first] = mistakes('brokers:\n  main:\n    type: mqtt\n    deadLetters: [a]\n')
  assert.equal(first, '3:11 brokers.main.type: "mqtt" is no type of broker; known are kafka, rabbitmq, pg-boss')
})

test('a password in the file is refused', () => {
  const [first] = mistakes('database: postgres://me:hunter2@db/redrive\n')
  assert.match(first ?? '', /^1:11 database: a password may not stand in the file/)
})

test('a reference that leads nowhere is a mistake', () => {
  assert.deepEqual(mistakes('database: ${env:NOT_SET}\n'), ['1:11 database: the environment has no NOT_SET'])
  assert.match(mistakes('database: ${exec:ls}\n')[0] ?? '', /neither \$\{env:NAME\} nor \$\{file:\/path\}/)
})

test('broken YAML and repeated keys are mistakes with their line', () => {
  assert.match(mistakes('a: [1\n')[0] ?? '', /^\d+:\d+ : /)
  assert.match(mistakes('data: a\ndata: b\n')[0] ?? '', /^2:1 : .*unique/i)
})

test('the environment wins over the file', () => {
  assert.equal(
    read('database: postgres://db/one\n', { REDRIVE_DATABASE_URL: 'postgres://db/two' }).database,
    'postgres://db/two',
  )
})

test('a queue is documented, with a process for each tier; where each field stands is kept', () => {
  const { queues } = read(
    'queues:\n  orders:\n    owner: team-reefer\n    success: all is shipped\n    tiers:\n      permanent: { urgency: page, process: Call the shop. }\n      timeout:\n        owner: team-net\n',
  )
  const file = path.resolve('redrive.yaml')
  assert.deepEqual(queues['orders'], {
    owner: 'team-reefer',
    success: 'all is shipped',
    tiers: { permanent: { urgency: 'page', process: 'Call the shop.' }, timeout: { owner: 'team-net' } },
    at: {
      owner: `${file}:3`,
      success: `${file}:4`,
      'tiers.permanent.urgency': `${file}:6`,
      'tiers.permanent.process': `${file}:6`,
      'tiers.timeout.owner': `${file}:8`,
    },
  })
})

test('mistakes in the documentation of a queue say where and what is possible', () => {
  const queue = (text: string): readonly string[] => mistakes(`queues:\n  a/b c:\n${text}`)
  assert.deepEqual(queue('    tiers:\n      permament: { urgency: page }\n'), [
    '4:18 queues.a/b c.tiers.permament: there is no setting "permament"; did you mean "permanent"?',
  ])
  assert.deepEqual(queue('    tiers:\n      boom: {}\n'), [
    '4:13 queues.a/b c.tiers.boom: there is no setting "boom"; known here are transient, permanent, malformed, timeout, exhausted, unknown',
  ])
  assert.deepEqual(queue('    tiers:\n      timeout: { urgency: high }\n'), [
    '4:27 queues.a/b c.tiers.timeout.urgency: must be one of page, ticket, review',
  ])
  assert.deepEqual(queue('    owner: "  "\n'), ['3:12 queues.a/b c.owner: says nothing; leave it out'])
  assert.deepEqual(queue('    ownr: me\n'), [
    '3:11 queues.a/b c.ownr: there is no setting "ownr"; did you mean "owner"?',
  ])
  assert.equal(queue(`    contact: ${'x'.repeat(501)}\n`).length, 1)
  assert.equal(queue('    tiers:\n      timeout: { retention: 3d }\n').length, 1)
})

test('alerts name what there is, and a secret stands in no file', () => {
  const key = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
  const hook = (secret: string) =>
    `notifiers:\n  hook:\n    type: webhook\n    url: https://hook.example\n    secret: ${secret}\n`
  const config = read(`${hook('${env:KEY}')}alerts:\n  routes:\n    - notify: [hook, log]\n`, { KEY: key })
  assert.deepEqual(config.notifiers['hook'], {
    type: 'webhook',
    url: 'https://hook.example',
    secret: key,
    perMinute: 60,
  })
  const problems = (text: string, env = { KEY: key }) =>
    mistakes(text, env).map((line) => line.replace(/^\d+:\d+ /, ''))
  assert.match(problems(hook(key)).join(), /^notifiers\.hook\.secret: a secret may not stand in the file/)
  assert.match(
    problems(hook('${env:KEY}'), { KEY: 'whsec_c2hvcnQ=' }).join(),
    /^notifiers\.hook\.secret: is not whsec_/,
  )
  assert.deepEqual(
    problems(
      [
        'alerts:',
        '  limits:',
        '    - { tier: malformed, ageHours: 1 }',
        '  routes:',
        '    - notify: [nobody]',
        '      quiet: { zone: Mars/Olympus }',
        '      escalate: [{ afterMinutes: 5, notify: [hook] }]',
      ].join('\n'),
    ).map((line) => line.split(';')[0]),
    [
      'alerts.limits.0.ageHours: is a limit of whole queues',
      'alerts.routes.0.notify.0: there is no notifier "nobody"',
      'alerts.routes.0.escalate.0.notify.0: there is no notifier "hook"',
      'alerts.routes.0.quiet.zone: is no time zone',
    ],
  )
})

test('an address that comes by reference is one for the web, wherever it stands', () => {
  const text = [
    'http: { url: "${env:SITE}" }',
    'notifiers:',
    '  hook: { type: webhook, url: "${env:SITE}", secret: "${env:KEY}" }',
  ].join('\n')
  const env = { SITE: 'ftp://hook.example', KEY: `whsec_${Buffer.alloc(24).toString('base64')}` }
  assert.deepEqual(
    mistakes(text, env).map((line) => line.replace(/^\S+ /, '')),
    ['http.url', 'notifiers.hook.url'].map((key) => `${key}: is no address that begins with http:// or https://`),
  )
  assert.deepEqual(mistakes(text, { ...env, SITE: 'https://hook.example' }), [])
})

test('archives lie in a folder beside the file, or in a bucket whose keys come by reference', () => {
  assert.deepEqual(read('archive: { folder: ./archive }\n').archive, { folder: path.resolve('archive') })
  assert.deepEqual(read('archive: { folder: /var/archive }\n').archive, { folder: '/var/archive' })
  const s3 = (more: string): string =>
    `archive:\n  s3:\n    bucket: letters\n    region: eu-central-1\n    accessKeyId: \${env:ID}\n    secretAccessKey: ${more}\n`
  const env = { ID: 'id', SECRET: 'secret', SITE: 'ftp://s3.internal', GOOD: 'https://s3.internal:9000' }
  assert.deepEqual(read(s3('${env:SECRET}'), env).archive, {
    s3: {
      bucket: 'letters',
      prefix: '',
      region: 'eu-central-1',
      endpoint: null,
      accessKeyId: 'id',
      secretAccessKey: 'secret',
    },
  })
  assert.deepEqual(read(s3('${env:SECRET}\n    prefix: redrive/office-1\n    endpoint: ${env:GOOD}'), env).archive, {
    s3: {
      bucket: 'letters',
      prefix: 'redrive/office-1',
      region: 'eu-central-1',
      endpoint: 'https://s3.internal:9000',
      accessKeyId: 'id',
      secretAccessKey: 'secret',
    },
  })
  assert.match(
    mistakes(s3('hunter2'), env).join(),
    /^6:22 archive\.s3\.secretAccessKey: a secret may not stand in the file/,
  )
  for (const SITE of [
    'ftp://s3.internal',
    'https://s3.internal/path',
    'https://me:hunter2@s3.internal',
    'https://s3.internal?a=b',
  ])
    assert.match(
      mistakes(s3('${env:SECRET}\n    endpoint: ${env:SITE}'), { ...env, SITE }).join(),
      /^7:15 archive\.s3\.endpoint: is no address/,
    )
  for (const endpoint of ['https://me:hunter2@s3.internal', 'https://s3.internal/path', 's3.internal'])
    assert.match(mistakes(s3(`\${env:SECRET}\n    endpoint: ${endpoint}`), env).join(), /^7:15 archive\.s3\.endpoint: /)
  for (const prefix of ['/a', 'a/', 'a//b', '../a', 'a/../b'])
    assert.match(mistakes(s3(`\${env:SECRET}\n    prefix: ${prefix}`), env).join(), /^7:13 archive\.s3\.prefix: /)
  assert.match(mistakes('archive: {}\n').join(), /^1:10 archive: archives lie in one place/)
  assert.match(mistakes(`${s3('${env:SECRET}')}  folder: a\n`, env).join(), /archives lie in one place/)
  assert.match(mistakes('archive: { foldr: a }\n').join(), /did you mean "folder"/)
})

test('letters are archived only where a place is named', () => {
  const yaml = [
    'retention: { afterwards: archive }',
    'queues:',
    '  a: { retention: { open: { afterwards: archive } } }',
    '  b: { tiers: { malformed: { retention: { afterwards: archive } } } }',
    '  c: { retention: { keepDays: 6 } }',
  ]
  assert.deepEqual(mistakes(yaml.slice(0, 4).join('\n')), [
    '1:26 retention.afterwards: names no place: say where under archive',
    '3:41 queues.a.retention.open.afterwards: names no place: say where under archive',
    '4:55 queues.b.tiers.malformed.retention.afterwards: names no place: say where under archive',
  ])
  assert.deepEqual(mistakes([...yaml.slice(0, 4), 'archive: { folder: ./archive }'].join('\n')), [])
  assert.equal(mistakes(['queues:', ...yaml.slice(4)].join('\n')).length, 1, 'a discard can be undone for 7 days')
})

test('how long letters are kept is said in part, and the rest is the default', () => {
  assert.deepEqual(read('retention: { keepDays: 400, open: { afterwards: delete } }').retention, {
    keepDays: 400,
    afterwards: 'delete',
    open: { keepDays: 90, afterwards: 'delete', neverLookedAt: 'keep' },
  })
})

test('a rule of causes that would show what is masked is told with its line', () => {
  const rules = (rule: string, masking = '') =>
    mistakes(`causes:\n  rules:\n    - name: a\n      where: [class=A]\n${rule}${masking}`)
  const why = (name: string) => `values of the header ${name} are masked, and titles of causes would show them`
  assert.deepEqual(rules('      per: header:x-api-key\n'), [`5:12 causes.rules.0.per: ${why('x-api-key')}`])
  assert.deepEqual(rules("      title: '{class} {header:Cookie}'\n"), [`5:14 causes.rules.0.title: ${why('Cookie')}`])
  const tenant = '      per: header:tenant\n'
  const named = 'masking: { rules: [{ header: ten* }] }\n'
  assert.deepEqual(rules(tenant), [])
  assert.deepEqual(rules(tenant, named), [`5:12 causes.rules.0.per: ${why('tenant')}`])
  assert.deepEqual(rules('      per: header:x-api-key\n', 'masking: { defaults: false }\n'), [])
})

test('rules of causes are read, and what is none is told with its line', () => {
  const read = (rules: string) => parseConfig(`causes:\n  rules:\n${rules}`, { file: 'redrive.yaml', env: {} })
  assert.deepEqual(
    read('    - { name: partner, queue: orders, where: ["class=Timeout*"], per: "header:tenant", title: "{value}" }')
      .causes,
    {
      rules: [{ name: 'partner', queue: 'orders', where: ['class=Timeout*'], per: 'header:tenant', title: '{value}' }],
    },
  )
  assert.deepEqual(parseConfig('', { file: 'redrive.yaml', env: {} }).causes, { rules: [] })
  for (const [rules, path] of [
    ['    - { name: a, where: [] }', 'causes.rules.0.where'],
    ['    - { name: a, where: ["body~x"] }', 'causes.rules.0.where.0'],
    ['    - { name: a, where: ["class="] }', 'causes.rules.0.where.0'],
    ['    - { name: a, where: ["class=A"], per: frame }', 'causes.rules.0.per'],
    ['    - { name: a, where: ["class=A"], title: "{body}" }', 'causes.rules.0.title'],
    ['    - { name: a, where: ["class=A"] }\n    - { name: a, where: ["class=B"] }', 'causes.rules.1.name'],
    ['    - { name: a, where: ["class=A"], then: b }', 'causes.rules.0.then'],
  ] as const) {
    try {
      read(rules)
      assert.fail(rules)
    } catch (error) {
      const [issue] = issuesIn(error)
      assert.equal(issue?.path, path)
      assert.ok((issue?.line ?? 0) >= 3, 'with its line')
    }
  }
})

test('rules of masking say one thing each, and paths are paths', () => {
  const rules = (text: string): readonly string[] => mistakes(`masking:\n  rules:\n    - ${text}\n`)
  for (const good of [
    'path: "**.email"',
    'path: $.a[*].b-c',
    'path: $',
    'path: $.a.**.b',
    'header: x-*',
    'part: key',
    'pattern: iban',
  ])
    assert.deepEqual(rules(good), [], good)
  assert.deepEqual(read('masking: { defaults: false }').masking, { rules: [], defaults: false })
  const one = '3:7 masking.rules.0: must have exactly one of path, header, part and pattern'
  assert.deepEqual(rules('queues: [a]'), [one])
  assert.deepEqual(rules('{ part: key, pattern: iban }'), [one])
  for (const bad of ['email', 'a.b', '$.a[3]', '$..b', '$.', '**', '$.a[x]'])
    assert.match(rules(`path: "${bad}"`).join(), /masking\.rules\.0\.path: must look like/, bad)
  assert.match(rules('pattern: phone').join(), /must be one of email, card-number/)
  assert.match(rules('{ pattern: iban, showTo: viewer }').join(), /must be/)
})

test('rules of redaction are those of masking, but shown to nobody', () => {
  const rules = (text: string): readonly string[] => mistakes(`redaction:\n  rules:\n    - ${text}\n`)
  for (const good of ['path: "**.email"', 'header: x-*', 'part: key', '{ pattern: iban, queues: ["pay*"] }'])
    assert.deepEqual(rules(good), [], good)
  assert.deepEqual(read('redaction: {}').redaction, { rules: [] })
  assert.deepEqual(rules('{ part: key, pattern: iban }'), [
    '3:7 redaction.rules.0: must have exactly one of path, header, part and pattern',
  ])
  assert.match(rules('path: email').join(), /redaction\.rules\.0\.path: must look like/)
  assert.match(rules('{ pattern: iban, showTo: operator }').join(), /showTo/)
  assert.match(mistakes('redaction: { defaults: true }').join(), /defaults/)
})
