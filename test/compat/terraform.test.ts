import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'

/** A folder that has the AWS provider, as `terraform providers mirror` makes it: a test run fetches nothing. */
const PLUGINS = process.env['BELFRY_TERRAFORM_PLUGINS']
const SAMPLE = new URL('../../samples/terraform/main.tf', import.meta.url).pathname
const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'belfry-terraform-'))

/** Prepares the sample; false where there is no terraform, or no provider. */
function isThere(): boolean {
  if (PLUGINS === undefined) return false
  try {
    cpSync(SAMPLE, join(folder, 'main.tf'))
    const args = ['init', '-input=false', `-plugin-dir=${PLUGINS}`]
    execFileSync('terraform', args, { cwd: folder, stdio: 'ignore', timeout: 60_000 })
    return true
  } catch {
    return false
  }
}

describe.skipIf(!isThere())('Terraform (BELFRY_TERRAFORM_PLUGINS has its AWS provider)', () => {
  const data = newDataFolder()
  let hub: HubProcess
  let receiver: Receiver

  beforeAll(async () => {
    receiver = await startReceiver()
    hub = await startHubProcess(data)
    await createOrganisation(hub)
    await hub.profile('member')
  })
  afterAll(async () => {
    await hub.kill('SIGTERM')
    await receiver.close()
    removeDataFolder(data)
  })

  const terraform = async (...args: readonly string[]) => {
    const env = {
      PATH: process.env['PATH'],
      HOME: folder,
      CHECKPOINT_DISABLE: '1',
      AWS_PROFILE: 'member',
      AWS_SHARED_CREDENTIALS_FILE: join(data, 'credentials'),
      AWS_CONFIG_FILE: join(data, 'config'),
      ...{ TF_VAR_hub: hub.url, TF_VAR_region: REGION },
      ...{ TF_VAR_hook: `${receiver.url}/orders`, TF_VAR_hook_key: 'open sesame' },
    }
    const { stdout } = await run('terraform', [...args, '-no-color', '-input=false'], {
      ...{ cwd: folder, env },
    })
    return stdout
  }

  it('makes what the sample says, finds nothing to change, changes it and destroys it', async () => {
    expect(await terraform('apply', '-auto-approve')).toContain('Resources: 8 added')
    expect(await terraform('plan', '-detailed-exitcode')).toContain('No changes')

    const credentials = await hub.profile('member')
    const client = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
    const order = { Source: 'shop', DetailType: 'Order Placed', Detail: '{"id":7}' }
    await client.send(new PutEventsCommand({ Entries: [{ ...order, EventBusName: 'shop' }] }))
    const [sent] = await receiver.waitFor(1)
    expect(sent).toMatchObject({ path: '/orders', body: { detail: { id: 7 } } })
    expect(sent?.headers['x-api-key']).toBe('open sesame')

    const other = ['-var', `hook=${receiver.url}/other`]
    expect(await terraform('apply', '-auto-approve', ...other)).toContain('1 changed, 0 destroyed')
    expect(await terraform('destroy', '-auto-approve')).toContain('Resources: 8 destroyed')
  }, 600_000)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))
