/** `ldirectord plan` and `ldirectord check`: what a start or reload would do, and every check once. Both change nothing. */
import { nowMs } from '../../base/io/real-clock.js'
import type { Digests, Outcome } from '../../ldirectord/checks/check.js'
import { negotiableServices, runCheck } from '../../ldirectord/checks/run-check.js'
import type { LdirectordConfig } from '../../ldirectord/config/model.js'
import { adoptedTargets } from '../../ldirectord/core/adopt.js'
import { certificateText } from '../../ldirectord/core/certificate-end.js'
import { canonicalKey } from '../../ldirectord/core/desired.js'
import { takesOut } from '../../ldirectord/core/drain.js'
import { drainsIn, limitsIn } from '../../ldirectord/core/drained-targets.js'
import { limitations } from '../../ldirectord/core/limitations.js'
import { planLines, waitingLines } from '../../ldirectord/core/plan.js'
import { type PlannedCheck, plannedChecks } from '../../ldirectord/core/probe.js'
import { EMPTY_TABLE, endpoint, serviceId, type Table } from '../../ldirectord/core/table.js'
import { ownedIds, serverOf } from '../../ldirectord/core/takeover.js'
import { chooseForwarder, type WantedForwarder, wantedForwarder } from '../../ldirectord/forwarders/choose.js'
import { askControl } from '../../ldirectord/io/control-socket.js'
import { readDrains } from '../../ldirectord/io/drains.js'
import { type Instance, lookForDaemon, twinAdvice } from '../../ldirectord/io/instance.js'
import { loadConfig } from '../../ldirectord/io/load-config.js'
import { Maintenance } from '../../ldirectord/io/maintenance.js'

export interface LookCall {
  readonly action: 'plan' | 'check'
  readonly instance: Instance
  readonly json: boolean
  /** Of a check: whether the digests of the answers are shown. */
  readonly digest: boolean
}

/** Checks that run at a time. */
const CHECKS_MAX = 200
const READ_MS_MAX = 20_000

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const complain = (text: string): void => void process.stderr.write(`${text}\n`)

export async function look(call: LookCall): Promise<number> {
  const { instance } = call
  if (instance.file === null) {
    complain(`Config file ${instance.given} not found`)
    return 1
  }
  const loaded = await loadConfig(instance.file, instance)
  if (loaded.kind === 'refused') {
    for (const line of [...loaded.errors, ...loaded.explained]) complain(line)
    return 2
  }
  for (const warning of loaded.warnings) complain(warning)
  return call.action === 'plan' ? plan(call, loaded.config) : check(call, loaded.config)
}

interface Plan {
  readonly edits: readonly string[]
  readonly waiting: readonly string[]
}

async function plan({ instance, json }: LookCall, config: LdirectordConfig): Promise<number> {
  const isRunning = lookForDaemon(instance.pidFile).state === 'running'
  const found = isRunning ? await askForPlan(instance) : await planOfStart(instance, config)
  if (typeof found === 'string') {
    complain(found)
    return 1
  }
  if (json) say(JSON.stringify(found))
  else {
    const what = isRunning ? 'reload' : 'start'
    say(found.edits.length === 0 ? `a ${what} would change nothing in the table` : `a ${what} would:`)
    for (const line of [...found.edits, ...found.waiting]) say(`  ${line}`)
  }
  return 0
}

async function askForPlan({ socket }: Instance): Promise<Plan | string> {
  const answer = await askControl(socket, 'plan')
  if (!answer) return `ldirectord does not answer on ${socket}`
  const found = JSON.parse(answer) as Plan | { readonly error: string }
  return 'error' in found ? found.error : found
}

async function planOfStart(instance: Instance, config: LdirectordConfig): Promise<Plan | string> {
  const wanted = wantedForwarder(config.forwarder, process.env.LDIRECTORD_FORWARDER)
  const advice = twinAdvice(instance, process.env, 'plan')
  if (advice !== null) complain(`ldirectord: ${advice}`)
  const current = await kernelTable(wanted)
  if (typeof current === 'string') {
    if (wanted === 'ipvs' || wanted === 'nft') return current
    complain(`planned from an empty table: ${current}`)
  }
  return planFrom(instance, config, typeof current === 'string' ? EMPTY_TABLE : current)
}

/** The kernel's table, or why it cannot be seen. */
async function kernelTable(wanted: WantedForwarder): Promise<Table | string> {
  const openProxy = () => Promise.reject(new Error('it has a table only while ldirectord runs'))
  const choice = await chooseForwarder(wanted, { openProxy })
  if (choice.kind === 'none') return choice.reason
  return choice.forwarder.read(AbortSignal.timeout(READ_MS_MAX)).catch((error: Error) => error.message)
}

async function planFrom(instance: Instance, config: LdirectordConfig, current: Table): Promise<Plan> {
  const maintenance = await maintenanceOf(config)
  const adopted = new Set(
    adoptedTargets(config, current, real => maintenance?.covers(real) ?? false).map(
      ({ virtual, real }) => `${virtual} ${real}`,
    ),
  )
  const { drains, problem } = readDrains(instance.drainFile)
  if (problem !== null) complain(problem)
  const drained = drainsIn(config, drains)
  const isDrained = (virtual: number, real: number): boolean => takesOut(drained({ virtual, real }))
  const serves = (virtual: number, real: number): boolean =>
    adopted.has(`${virtual} ${real}`) && !isDrained(virtual, real)
  return {
    edits: planLines(config, current, serves, isDrained, ownedIds(config, null), {
      weightOf: limitsIn(config, drained),
    }),
    waiting: waitingLines(config, serves, isDrained),
  }
}

async function maintenanceOf({ maintenancedir, virtuals }: LdirectordConfig): Promise<Maintenance | null> {
  if (maintenancedir === null) return null
  const maintenance = new Maintenance(
    maintenancedir,
    virtuals.flatMap(virtual => virtual.reals),
  )
  await maintenance.refresh()
  return maintenance
}

interface Result {
  readonly server: string
  readonly virtuals: readonly string[]
  readonly checktype: string
  readonly service: string
  readonly passed: boolean
  readonly code: string
  readonly detail: string
  readonly durationMs: number
  readonly certificateEndsUnixMs?: number
  readonly digests?: Readonly<Digests>
}

/** Status 0 when every check passed, 1 when one failed. */
async function check({ json, digest }: LookCall, config: LdirectordConfig): Promise<number> {
  for (const sentence of limitations(config, negotiableServices)) complain(sentence)
  const waiting = plannedChecks(config)
  const maintenance = await maintenanceOf(config)
  let failures = 0
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const result = await resultOf(config, digest ? withDigests(next) : next, maintenance)
      if (!result.passed) failures++
      say(json ? JSON.stringify(result) : resultLine(result))
    }
  }
  await Promise.all(Array.from({ length: Math.min(CHECKS_MAX, waiting.length) }, worker))
  return failures === 0 ? 0 : 1
}

async function resultOf(
  config: LdirectordConfig,
  planned: PlannedCheck,
  maintenance: Maintenance | null,
): Promise<Result> {
  const { probe, targets, kind } = planned
  const server = serverOf(config, planned)
  const startedMs = nowMs()
  const outcome: Omit<Outcome, 'code'> & { readonly code: string } = maintenance?.covers(server)
    ? { passed: false, code: 'MAINT', detail: 'Server in maintenance' }
    : kind === 'assumed'
      ? { passed: true, code: 'OK', detail: 'not checked' }
      : await runCheck(probe, new AbortController().signal)
  return {
    server: endpoint(probe.address, probe.port),
    virtuals: targets.map(({ virtual }) => serviceId(canonicalKey(config.virtuals[virtual]!.key))),
    checktype: probe.checktype,
    service: probe.service,
    passed: outcome.passed,
    code: outcome.code,
    detail: outcome.detail,
    durationMs: Math.round(nowMs() - startedMs),
    ...(outcome.certificateEndsMs !== undefined && { certificateEndsUnixMs: outcome.certificateEndsMs }),
    ...(outcome.digests && { digests: outcome.digests }),
  }
}

const withDigests = (planned: PlannedCheck): PlannedCheck => ({
  ...planned,
  probe: { ...planned.probe, showDigest: true },
})

function resultLine({
  server,
  virtuals,
  checktype,
  service,
  passed,
  code,
  detail,
  durationMs,
  certificateEndsUnixMs,
  digests,
}: Result): string {
  const asked = checktype === 'negotiate' ? `${checktype} ${service}` : checktype
  const more = [
    certificateEndsUnixMs === undefined ? '' : `, ${certificateText(certificateEndsUnixMs - Date.now())}`,
    digests ? `\n     md5 ${digests.md5}\n     sha256 ${digests.sha256}` : '',
  ].join('')
  const places = virtuals.length > 3 ? `${virtuals.length} virtual services` : virtuals.join(' ')
  return `${passed ? 'up  ' : 'down'} ${server} (${places}) ${asked}: ${code} ${detail}, ${durationMs} ms${more}`
}
