import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { systemClock } from '@redrive/worker'
import { renewLocalToken } from './access/index.ts'
import { startDelivery, watchAlerts } from './alerts/index.ts'
import { openArchivePlace } from './archive/index.ts'
import { showAutomatic, watchAutomatic } from './automatic/index.ts'
import { watchBooks } from './books.ts'
import { maskTitles, sayRulesByFile, watchCauses, watchRules } from './causes/index.ts'
import { type AlertsConfig, type Config, logNotifier, reviewNotifiers } from './config/index.ts'
import { examine } from './doctor/index.ts'
import { watchErasures } from './erasure/index.ts'
import { watchExpiry } from './expiry/index.ts'
import { startHeartbeat } from './heartbeat.ts'
import { startHttp } from './http/server.ts'
import { maskedNotifiers, maskerOf, titleMarksOf } from './masking/index.ts'
import { openNotifiers } from './notifiers/index.ts'
import { deadLettersOf, type OpenBroker, openCaptures, viewOf } from './office-captures.ts'
import { failureLine, replayLine } from './office-lines.ts'
import { sayByFile, setPolicies } from './queues/index.ts'
import { startReplayer } from './replay/index.ts'
import { doubtAfterRestore, watchGeneration } from './restore/index.ts'
import { watchRetention } from './retention/index.ts'
import { sayScheduleByFile, scheduleOf, watchReviews } from './review/index.ts'
import type { Database } from './store/database.ts'
import { watchDisk } from './store/disk.ts'
import { openStore, openStoreBeside } from './store/store.ts'
import { watchTraffic } from './traffic/index.ts'
import { watchUpkeep } from './upkeep.ts'
import { version } from './version.ts'

export interface Office {
  readonly url: string
  readonly token: string
  /** The server that the letters are in. */
  readonly database: Database
  stop(): Promise<void>
}

/**
 * Puts the rooms together: store, capture of every place, replay, the books, the API. Takes over the database and the brokers, also when
 * it fails.
 */
export async function openOffice(parts: {
  readonly config: Config
  readonly database: Database
  readonly brokers: readonly OpenBroker[]
  readonly tell: (line: string) => void
  /** The database was put back from a backup. */
  readonly isRestored?: boolean
}): Promise<Office> {
  const { config, database, brokers } = parts
  const masker = maskerOf(config.masking, 'nobody')
  const tell = masker === null ? parts.tell : (line: string) => parts.tell(masker.text(line, null))
  const opened: (() => Promise<unknown>)[] = [
    () => database.stop(),
    () => Promise.all(brokers.map(({ close }) => close())),
  ]
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).toReversed()) await close()
  }
  try {
    const store = await openStore({ url: database.url, onTrouble: tell })
    opened.push(() => store.close())
    const file = `${path.resolve(config.data)}.generation`
    const doubted = await doubtAfterRestore(store, { file, isRestored: parts.isRestored ?? false })
    if (doubted !== null)
      tell(
        `the database is an older copy: ${doubted} letters may have been replayed or discarded since, and are uncertain. See: redrive uncertain list`,
      )
    const generation = watchGeneration(store, { file, tell })
    opened.push(() => generation.stop())
    await sayByFile(store, config)
    await sayScheduleByFile(store, config)
    await sayRulesByFile(store, { file: config.file, rules: config.causes.rules })
    await maskTitles(store, titleMarksOf(config.masking))
    await setPolicies(store, config.queues)
    const byName = new Map(brokers.map(({ name, broker }) => [name, broker]))
    const replayer = startReplayer({
      store,
      brokers: byName,
      within: new Set(brokers.flatMap(({ name, isWithin }) => (isWithin ? [name] : []))),
      outcomeWindowSeconds: config.outcomeWindowMinutes * 60,
      onEvent: (event) => tell(replayLine(event)),
    })
    opened.push(() => replayer.stop())
    const automatic = watchAutomatic(store, {
      tiers: config.replay,
      brokers: byName,
      tell,
      onStarted: () => replayer.wake(),
    })
    opened.push(() => automatic.stop())
    const disk = database.folder === null ? {} : { disk: watchDisk({ folder: config.data, clock: systemClock }) }
    const captures = openCaptures(store, { ...parts, tell, ...disk })
    opened.push(() => Promise.all(captures.map(({ capture }) => capture.stop())))
    const expiry = watchExpiry(store, { sources: deadLettersOf(brokers) })
    opened.push(() => expiry.stop())
    const books = watchBooks(store, tell)
    opened.push(() => books.stop())
    const upkeep = watchUpkeep(store, { tell })
    opened.push(() => upkeep.stop())
    const causes = watchCauses(store, { tell })
    opened.push(() => causes.stop())
    const traffic = watchTraffic(store, { tell })
    opened.push(() => traffic.stop())
    const rules = watchRules(store, { tell })
    opened.push(() => rules.stop())
    const notifiers = maskedNotifiers(openNotifiers(config.notifiers, { tell }), masker)
    const delivery = startDelivery(store, { notifiers, tell })
    opened.push(() => delivery.stop())
    const alerts = { config: alertsOf(config), officeUrl: config.http.url }
    const watch = watchAlerts(store, {
      ...alerts,
      tell,
      onWritten: () => delivery.wake(),
      captures: () => captures.map(viewOf),
      findings: async () => {
        const found = await examine(store, {
          unaccounted: (await books.recent()).unaccounted,
          captures: captures.map(viewOf),
          expiry: expiry.latest(),
          disk: (await disk.disk?.space()) ?? null,
          most: config.most,
          automatic: await showAutomatic(store, { tiers: config.replay, brokers: [...byName.keys()] }),
          olderThanDays: untouchedDays,
          nowMs: systemClock.now(),
        })
        return found.findings
      },
    })
    opened.push(() => watch.stop())
    if (config.heartbeat !== null) {
      const trouble = () => (watch.lookedAgoMs() > unlookedMs ? 'alerts are not looked for' : null)
      const heartbeat = startHeartbeat(store, { ...config.heartbeat, trouble, tell })
      opened.push(() => heartbeat.stop())
    }
    const facts = () => ({
      config: alerts.config,
      retention: config.retention,
      captures: captures.map(viewOf),
      expiry: expiry.latest(),
    })
    const reviews = watchReviews(store, {
      schedule: () => scheduleOf(store.pool, { able: reviewNotifiers(config.notifiers) }),
      facts,
      tell,
      onWritten: () => delivery.wake(),
    })
    opened.push(() => reviews.stop())
    const archivePlace = config.archive === null ? null : openArchivePlace(config.archive)
    const retention = watchRetention(store, {
      retention: config.retention,
      most: config.most,
      place: archivePlace,
      tell,
    })
    opened.push(() => retention.stop())
    const ownsServer = database.embedded !== null
    const erasures = watchErasures(store, { place: archivePlace, ownsServer, tell })
    opened.push(() => erasures.stop())
    // Slow questions hold up one another, and never capture, replay and alerts.
    const forPeople = openStoreBeside({ url: database.url, onTrouble: tell })
    opened.push(() => forPeople.close())
    const http = await startHttp(
      {
        version,
        startedAt: new Date(),
        store: forPeople,
        brokers: byName,
        clock: systemClock,
        books,
        ...disk,
        captures: () => captures.map(viewOf),
        expiry: () => expiry.latest(),
        wakeReplayer: () => replayer.wake(),
        retention: {
          policy: config.retention,
          most: config.most,
          place: archivePlace,
          run: (said) => retention.run(said),
          restore: (request) => retention.restore(request),
        },
        automatic: config.replay,
        erasures,
        masking: config.masking,
        reviewedBy: config.notifiers,
        alerts: { ...alerts, notifiers: [...notifiers.keys()], wakeDelivery: () => delivery.wake() },
      },
      { ...config.http, onFailure: ({ requestId, error }) => tell(failureLine(requestId, error)) },
    )
    opened.push(() => http.close())
    const token = await renewLocalToken(store, localName(config.data))
    const address = leaveAddress(config.data, { url: http.url, token })
    opened.push(async () => rmSync(address, { force: true }))
    return { url: http.url, token, database, stop: once(closeAll) }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** An office that raises no alert for so long is as good as dead. */
const unlookedMs = 5 * 60_000
/** As the doctor says it when nobody asks for another. */
const untouchedDays = 7

/** Without routes everybody is told of everything. */
function alertsOf({ alerts, notifiers }: Config): AlertsConfig {
  const names = Object.keys(notifiers)
  if (alerts.routes.length > 0) return alerts
  return { ...alerts, routes: [{ notify: names.length > 0 ? names : [logNotifier] }] }
}

/** One name for each data folder, so that two offices of one machine do not end each other's token. */
function localName(folder: string): string {
  const place = createHash('sha256').update(path.resolve(folder)).digest('hex').slice(0, 8)
  return `local.${place}@${hostname()
    .replaceAll(/[^\w.-]/g, '-')
    .slice(0, 40)}`
}

/** For the command line on this machine, readable by its owner only. */
function leaveAddress(folder: string, address: { readonly url: string; readonly token: string }): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = path.join(folder, 'office.json')
  rmSync(file, { force: true })
  writeFileSync(file, JSON.stringify(address), { mode: 0o600 })
  return file
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => (done ??= work())
}
