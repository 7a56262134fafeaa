import { computed, type Import } from './imports.ts'

/** Says what is wrong with an import, or undefined. `docs` of the rule are its sentence. */
type Rule = (one: Import) => string | undefined

const worker = 'packages/worker/src/'
const server = 'packages/server/src/'

const words = [
  'broker',
  'clock',
  'errors',
  'failure',
  'heap',
  'lanes',
  'letter',
  'message',
  'outcome',
  'receipt',
  'wire',
]
const useCases = [
  ...[
    'access',
    'alerts',
    'archive',
    'audit',
    'automatic',
    'caps',
    'capture',
    'causes',
    'doctor',
    'erasure',
    'expiry',
    'in-common',
    'ledger',
    'letters',
    'masking',
    'queues',
    'repair',
    'replay',
    'retention',
    'review',
    'traffic',
  ],
]
const brokers = ['kafka', 'memory', 'pg-boss', 'rabbitmq']
const clients = ['@confluentinc/kafka-javascript', '@platformatic/kafka', 'amqplib', 'kafkajs', 'pg-boss']

/** May name concrete adapters: the office's composition, and the demo, which plays a user with a broker of his own. */
const composers = [`${server}main.ts`, `${server}open-pg-boss.ts`, `${server}demo/`]
/** Commands that are the office rather than a client of it. */
const officeCommands = [`${server}cli/commands/serve.ts`, `${server}cli/commands/demo.ts`]
/** What a client of the office may use beside the CLI's own files. */
const forClients = [`${server}http/client`, `${server}version.ts`]

const wordsKnowNoNode: Rule = ({ from, to }) => {
  const isWord = words.some((word) => from === `${worker}${word}.ts`)
  return isWord && to.startsWith('node:') ? 'words import nothing of Node' : undefined
}

const targetsAreWritten: Rule = ({ from, to }) =>
  to === computed && !isTest(from) ? 'what is imported must be readable here' : undefined

const workerHasNoDependencies: Rule = ({ from, to }) =>
  from.startsWith(worker) && !isTest(from) && !to.startsWith('packages/') && !to.startsWith('node:') && to !== computed
    ? 'the worker has no dependencies: clients are typed by shape'
    : undefined

const adaptersStandAlone: Rule = ({ from, to }) => {
  const adapter = adapterOf(from)
  if (adapter === undefined || isTest(from) || !to.startsWith('packages/')) return undefined
  if (adapterOf(to) === adapter) return undefined
  if (adapterOf(to) !== undefined) return 'an adapter never imports another adapter'
  const isPlain = to.startsWith(worker) && !to.slice(worker.length).includes('/') && to !== `${worker}index.ts`
  return isPlain && to !== `${worker}worker.ts` ? undefined : 'an adapter imports the port and the words only'
}

const packagesMeetByName: Rule = ({ from, to }) => {
  if (from.startsWith(worker) && (to.startsWith('redrive') || to.startsWith('packages/server')))
    return 'the worker never imports the server'
  const own = packageOf(from)
  return own !== undefined && to.startsWith('packages/') && packageOf(to) !== own
    ? 'another package is imported by its name'
    : undefined
}

const cliIsAClient: Rule = ({ from, to }) => {
  if (!from.startsWith(`${server}cli/`) || isTest(from) || !to.startsWith(server)) return undefined
  if (to.startsWith(`${server}cli/`) || forClients.some((allowed) => to.startsWith(allowed))) return undefined
  const isOffice = officeCommands.includes(from)
  return isOffice &&
    [`${server}main.ts`, `${server}config/`, `${server}demo/`].some((allowed) => to.startsWith(allowed))
    ? undefined
    : 'the command line reaches the office through HTTP only'
}

const httpIsOutermost: Rule = ({ from, to }) => {
  if (isTest(from) || !from.startsWith(server)) return undefined
  const outer = ['http/', 'cli/', 'main.ts', 'demo/'].some((room) => to.startsWith(`${server}${room}`))
  if (!outer) return undefined
  const inner = [...useCases, 'store', 'notifiers', 'config'].find((room) => from.startsWith(`${server}${room}/`))
  if (inner !== undefined) return `${inner}/ is imported by http/, cli/ and main.ts, never the reverse`
  return from.startsWith(`${server}http/`) && !to.startsWith(`${server}http/`)
    ? 'http/ imports use cases, not what starts it'
    : undefined
}

const storeIsInnermost: Rule = ({ from, to }) =>
  from.startsWith(`${server}store/`) && !isTest(from) && useCases.some((room) => to.startsWith(`${server}${room}/`))
    ? 'the store knows no use case'
    : undefined

const roomsHaveADoor: Rule = ({ from, to }) => {
  if (isTest(from) || !from.startsWith(server)) return undefined
  const room = useCases.find((one) => to.startsWith(`${server}${one}/`))
  if (room === undefined || from.startsWith(`${server}${room}/`) || to === `${server}${room}/index.ts`) return undefined
  return `${room}/ is imported by its index.ts only`
}

const testingIsForTests: Rule = ({ from, to }) => {
  const isTesting = /\/src\/testing\//.test(to) || to === '@redrive/worker/testing'
  const mayImport = isTest(from) || /^packages\/[^/]+\/src\/testing\//.test(from)
  return from.startsWith('packages/') && isTesting && !mayImport ? 'only tests import testing/' : undefined
}

const adaptersAreNamedOnce: Rule = ({ from, to }) => {
  if (!from.startsWith(server) || isTest(from) || from.startsWith(`${server}testing/`)) return undefined
  if (composers.some((composer) => from.startsWith(composer))) return undefined
  const isAdapter = brokers.some((broker) => to === `@redrive/worker/${broker}`)
  const isClient = clients.some((client) => to === client || to.startsWith(`${client}/`))
  const isEmbedded = to.startsWith(`${server}store/embedded/`) && !from.startsWith(`${server}store/`)
  return isAdapter || isClient || isEmbedded ? 'only main.ts names concrete adapters' : undefined
}

export const arrowRules: readonly Rule[] = [
  targetsAreWritten,
  wordsKnowNoNode,
  workerHasNoDependencies,
  adaptersStandAlone,
  packagesMeetByName,
  cliIsAClient,
  httpIsOutermost,
  storeIsInnermost,
  roomsHaveADoor,
  testingIsForTests,
  adaptersAreNamedOnce,
]

function isTest(file: string): boolean {
  return file.endsWith('.test.ts') || /^packages\/[^/]+\/test\//.test(file)
}

function adapterOf(file: string): string | undefined {
  return /^packages\/worker\/src\/brokers\/([^/]+)/.exec(file)?.[1]
}

function packageOf(file: string): string | undefined {
  return /^packages\/([^/]+)\/(?:src|test)\//.exec(file)?.[1]
}
