import { execFile } from 'node:child_process'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'

const run = promisify(execFile)

/** Every AWS CLI of this machine: the one on the PATH, and the system's own. */
const CLIS = [...new Set(['aws', '/usr/bin/aws'])].flatMap((command) => {
  try {
    const version = execFileSync(command, ['--version'], { encoding: 'utf8', stdio: 'pipe' })
    return [{ command, version: /aws-cli\/(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) }]
  } catch {
    return []
  }
})

/** From 1.29 and 2.13 on the CLI reads endpoint_url from the config file. */
function readsEndpointFromConfig([major = 0, minor = 0]: readonly number[] = []): boolean {
  return major === 1 ? minor >= 29 : minor >= 13
}

describe.skipIf(CLIS.length === 0)('the AWS CLI (apt-get install awscli, or pip)', () => {
  const folder = newDataFolder()
  let hub: HubProcess
  let receiver: Receiver

  beforeAll(async () => {
    hub = await startHubProcess(folder)
    receiver = await startReceiver()
    await createOrganisation(hub)
    await hub.profile('member')
  })
  afterAll(async () => {
    await hub.kill('SIGTERM')
    await receiver.close()
    removeDataFolder(folder)
  })

  it.each(CLIS)(
    '$command $version works with the files in the data folder',
    async (cli) => {
      const endpoint = readsEndpointFromConfig(cli.version) ? [] : ['--endpoint-url', hub.url]
      const aws = async (...args: string[]) => {
        const { stdout } = await run(cli.command, [...args, ...endpoint], {
          env: {
            ...process.env,
            AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
            AWS_CONFIG_FILE: join(folder, 'config'),
            AWS_PAGER: '',
          },
        })
        return stdout.trim() === '' ? undefined : JSON.parse(stdout)
      }
      const logging = await aws('--profile', 'logging', 'events', 'list-event-buses')
      expect(logging.EventBuses.map((bus: any) => bus.Name)).toEqual([
        `aws.partner/stax.io/${ACCOUNTS.LOGGING}/default`,
        'default',
        expect.stringMatching(/^staxtrail-/),
      ])
      const member = (...args: string[]) => aws('--profile', 'member', ...args)
      expect((await member('sts', 'get-caller-identity')).Account).toBe(ACCOUNTS.MEMBER)

      const path = `/${cli.command.replaceAll('/', '')}`
      const name = `cli-${path.length}`
      const pattern = JSON.stringify({ source: ['cli'], 'detail-type': [name] })
      const rule = await member('events', 'put-rule', '--name', name, '--event-pattern', pattern)
      expect(rule.RuleArn).toBe(`arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:rule/${name}`)
      const target = JSON.stringify([{ Id: 't', Arn: receiver.url + path }])
      const targets = await member('events', 'put-targets', '--rule', name, '--targets', target)
      expect(targets.FailedEntryCount).toBe(0)
      const event = { Source: 'cli', DetailType: name, Detail: '{"a":1}' }
      const put = await member('events', 'put-events', '--entries', JSON.stringify([event]))
      const [received] = await receiver.waitFor(1, (request) => request.path === path)
      expect(received?.body.id).toBe(put.Entries[0].EventId)

      const test = ['events', 'test-event-pattern', '--event-pattern', pattern, '--event']
      expect((await member(...test, JSON.stringify(received?.body))).Result).toBe(true)
    },
    60_000,
  )
})
