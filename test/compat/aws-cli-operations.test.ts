import * as eventBridge from '@aws-sdk/client-eventbridge'
import * as scheduler from '@aws-sdk/client-scheduler'
import * as schemas from '@aws-sdk/client-schemas'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'
import type { CliCall } from './aws-cli/call.ts'
import { EVENT_BRIDGE_CALLS } from './aws-cli/eventbridge-calls.ts'
import { SCHEDULER_CALLS } from './aws-cli/scheduler-calls.ts'
import { SCHEMAS_CALLS } from './aws-cli/schemas-calls.ts'
import { STS_CALLS } from './aws-cli/sts-calls.ts'

const RUN = new URL('aws-cli/run.py', import.meta.url).pathname

/** Older ones do not know UpdateEventBus, or no endpoint in the config file. */
const HAS_CLI =
  'import awscli; major, minor = map(int, awscli.__version__.split(".")[:2]); ' +
  'assert minor >= {1: 34, 2: 18}[major]'

function isThere(): boolean {
  try {
    execFileSync('python3', ['-c', HAS_CLI], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** An AWS CLI that makes call after call. */
function startCli(folder: string) {
  const env = {
    PATH: process.env['PATH'],
    PYTHONDONTWRITEBYTECODE: '1',
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
    AWS_CONFIG_FILE: join(folder, 'config'),
    AWS_PAGER: '',
  }
  const child = spawn('python3', [RUN], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)
  return {
    call: async (args: readonly string[]): Promise<{ code: number; printed: string }> => {
      const line = once(lines, 'line')
      child.stdin.write(`${JSON.stringify(args)}\n`)
      return JSON.parse((await line)[0])
    },
    end: async () => {
      child.stdin.end()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

const SUBJECTS = [...EVENT_BRIDGE_CALLS, ...SCHEMAS_CALLS, ...SCHEDULER_CALLS, ...STS_CALLS]

describe.skipIf(!isThere())('the AWS CLI (python3 -m pip install awscli, 1.34 or newer)', () => {
  const folder = newDataFolder()
  let hub: HubProcess
  let cli: ReturnType<typeof startCli>

  beforeAll(async () => {
    hub = await startHubProcess(folder)
    await createOrganisation(hub)
    for (const profile of ['member', 'security']) await hub.profile(profile)
    cli = startCli(folder)
  })
  afterAll(async () => {
    await cli.end()
    await hub.kill('SIGTERM')
    removeDataFolder(folder)
  })

  it.each(SUBJECTS)(
    'manages $subject, and says what AWS says where that fails',
    async ({ calls }) => {
      let known = {}
      for (const call of calls) {
        const look = async () => {
          known = { ...known, ...(await answered(call, wordsOf(call, known))) }
        }
        await (call.isAwaited ? vi.waitFor(look, 20_000) : look())
      }
    },
    120_000,
  )

  /** What the CLI prints, held against what it should. */
  async function answered({ refusal, answer: wanted }: CliCall, words: readonly string[]) {
    const { code, printed } = await cli.call(words)
    const told = words.join(' ')
    if (refusal !== undefined) {
      const refused = { told, printed: expect.stringContaining(refusal) }
      expect({ told, printed }).toEqual(refused)
      expect(code).toBeGreaterThan(0)
      return {}
    }
    const isSilent = printed.trim() === ''
    const answer = isSilent || code !== 0 ? printed.trim() : JSON.parse(printed)
    expect({ told, answer }).toEqual({ told, answer: wanted ?? '' })
    return isSilent ? {} : answer
  }
})

function wordsOf({ command, profile = 'member', args }: CliCall, known: object): readonly string[] {
  const given = Object.entries(typeof args === 'function' ? args(known) : args)
  const words = given.flatMap(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    if (name === '') return [text]
    return value === true ? [`--${name}`] : [`--${name}`, text]
  })
  return ['--profile', profile, ...command.split(' '), ...words]
}

describe('the calls of the AWS CLI', () => {
  it('are of every operation that the SDKs know, but for global endpoints', () => {
    const made = new Set(SUBJECTS.flatMap(({ calls }) => calls.map(({ command }) => command)))
    const known = [
      ...operationsOf('events', eventBridge),
      ...operationsOf('schemas', schemas),
      ...operationsOf('scheduler', scheduler),
    ]
    expect(known.length).toBeGreaterThanOrEqual(100)
    const missing = known.filter((command) => !made.has(command))
    expect(missing.filter((command) => !command.endsWith('-endpoint'))).toEqual([])
  })
})

/** As the CLI writes them. */
function operationsOf(service: string, sdk: object): readonly string[] {
  const commands = Object.keys(sdk).filter((name) => /^[A-Z]\w+Command$/.test(name))
  return commands.map((name) => {
    const words = name.replace(/Command$/, '').match(/[A-Z][a-z]*/g) ?? []
    return `${service} ${words.join('-').toLowerCase()}`
  })
}
