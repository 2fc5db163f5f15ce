import { readFileSync } from 'node:fs'

import { newDataFolder, removeDataFolder, startHubProcess } from '../test/hub-process.ts'
import type { HubProcess } from '../test/hub-process.ts'

const ACCOUNTS = 1_000
const REGIONS = 17
/** Long enough for the first round of assurance over all accounts. */
const IDLE_MS = 8_000
const CREATED_AT_ONCE = 8

export interface StartUpFigure {
  readonly what: string
  readonly readyMs: number
  readonly idleMegabytes: number
}

/** Figure 3: from starting the process until it listens, and its resident memory when idle. */
export async function benchStartUp(): Promise<readonly StartUpFigure[]> {
  const empty = newDataFolder()
  const full = newDataFolder()
  const first = await startHubProcess(full)
  await createAccounts(first)
  await first.kill('SIGTERM')
  const figures = [
    await measure('empty store', empty),
    await measure(`${ACCOUNTS} accounts in ${REGIONS} regions`, full),
  ]
  removeDataFolder(empty)
  removeDataFolder(full)
  return figures
}

async function measure(what: string, folder: string): Promise<StartUpFigure> {
  const startedAt = performance.now()
  const hub = await startHubProcess(folder)
  const readyMs = performance.now() - startedAt
  const ready = await fetch(`${hub.url}/readyz`)
  if (ready.status !== 200) throw new Error('the hub says that it listens and is not ready')
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
  const idleMegabytes = residentMegabytes(hub)
  await hub.kill('SIGTERM')
  return { what, readyMs, idleMegabytes }
}

async function createAccounts(hub: HubProcess): Promise<void> {
  // The default regions of an organisation are the 17 that every AWS account starts with.
  const organisation = await hub.rest('POST', '/organisations', {
    name: 'Large',
    alias: 'large',
    installationRegion: 'us-east-1',
  })
  const organisationId = organisation.body.id as string
  if (organisation.body.regions.length !== REGIONS) throw new Error('expected 17 regions')
  const roles = ['SECURITY', 'LOGGING', 'MANAGEMENT']
  const create = async (number: number) => {
    const awsAccountId = String(100_000_000_000 + number)
    const accountRole = roles[number] ?? 'MEMBER'
    const given = { organisationId, awsAccountId, name: `account-${number}`, accountRole }
    const { status, body } = await hub.rest('POST', '/accounts', given)
    if (status !== 201) throw new Error(JSON.stringify(body))
  }
  for (const number of roles.keys()) await create(number)
  for (let number = roles.length; number < ACCOUNTS; number += CREATED_AT_ONCE) {
    const batch = Math.min(CREATED_AT_ONCE, ACCOUNTS - number)
    await Promise.all(Array.from({ length: batch }, (_, index) => create(number + index)))
  }
}

function residentMegabytes({ process: { pid } }: HubProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024
}
