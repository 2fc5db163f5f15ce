import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'

const run = promisify(execFile)
const RUN = new URL('boto3/run.py', import.meta.url).pathname

/** Older ones do not know UpdateEventBus, or no endpoint in the config file. */
const HAS_BOTO3 =
  'import boto3; assert tuple(map(int, boto3.__version__.split(".")[:2])) >= (1, 35)'

function isThere(): boolean {
  try {
    execFileSync('python3', ['-c', HAS_BOTO3], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe.skipIf(!isThere())('boto3 (python3 -m pip install boto3, 1.35 or newer)', () => {
  const folder = newDataFolder()
  let hub: HubProcess

  beforeAll(async () => {
    hub = await startHubProcess(folder)
    await createOrganisation(hub)
    for (const profile of ['member', 'security', 'management']) await hub.profile(profile)
  })
  afterAll(async () => {
    await hub.kill('SIGTERM')
    removeDataFolder(folder)
  })

  it.each(['events', 'schemas', 'scheduler', 'sts'])(
    'works with its client of %s in every operation that the hub has',
    async (service) => {
      const env = {
        PATH: process.env['PATH'],
        PYTHONDONTWRITEBYTECODE: '1',
        AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
        AWS_CONFIG_FILE: join(folder, 'config'),
      }
      const { stderr } = await run('python3', [RUN, service], { env })
      expect(stderr).toMatch(/^OK$/m)
    },
    120_000,
  )
})
