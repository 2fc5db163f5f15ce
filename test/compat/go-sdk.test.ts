import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'

const run = promisify(execFile)
const PROGRAM = new URL('go', import.meta.url).pathname
/** The first build compiles the SDK. */
const BUILD_MS_MAX = 900_000

/** Looks only at what the machine has: a test run fetches nothing. */
function isThere(): boolean {
  try {
    const env = { ...process.env, GOPROXY: 'off' }
    execFileSync('go', ['list', '-deps', '.'], { cwd: PROGRAM, env, stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe.skipIf(!isThere())('AWS SDK for Go (go mod download in test/compat/go)', () => {
  const folder = newDataFolder()
  let hub: HubProcess
  let receiver: Receiver

  beforeAll(async () => {
    receiver = await startReceiver()
    hub = await startHubProcess(folder)
    await createOrganisation(hub)
    await hub.profile('member')
    await run('go', ['build', '-o', join(folder, 'program'), '.'], { cwd: PROGRAM })
  }, BUILD_MS_MAX)
  afterAll(async () => {
    await hub.kill('SIGTERM')
    await receiver.close()
    removeDataFolder(folder)
  })

  it('makes, lists and deletes a bus with a rule and a target, and puts events', async () => {
    const env = {
      AWS_PROFILE: 'member',
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
      AWS_CONFIG_FILE: join(folder, 'config'),
    }
    const { stdout } = await run(join(folder, 'program'), [receiver.url], { env })
    expect(stdout).toBe('OK\n')
    const [sent] = await receiver.waitFor(1)
    expect(sent?.body).toMatchObject({ source: 'go.test', detail: { n: 1 } })
  })
})
