import { rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { styleText } from 'node:util'
import { setFlagsFromString } from 'node:v8'

import { HELP, readConfig } from './config/config.ts'
import type { Config } from './config/config.ts'
import { startHub } from './hub/hub.ts'
import type { Hub } from './hub/hub.ts'
import type { AdminPassword } from './tenancy/first-admin.ts'
import { VERSION } from './version.ts'

await main()

async function main(): Promise<void> {
  const config = configOrExit()
  if (config === 'help') {
    process.stdout.write(HELP)
    return
  }
  // V8 doubles the heap of young objects under load, to 128 MB where there is much memory, and gives
  // nothing back. What loading the program took, up to 64 MB, is enough for all that is under way.
  setFlagsFromString('--semi-space-growth-factor=1')
  try {
    const hub = await startHub(config, process.env)
    stopOnSignal(hub)
    const keptIn = process.stdout.isTTY ? undefined : keepPassword(config, hub)
    process.stdout.write(banner(config, hub, keptIn), (error) => {
      if (error === null || error === undefined || keptIn !== undefined) markShown(hub)
    })
  } catch (error) {
    process.stderr.write(`belfry could not start: ${reasonOf(error)}\n`)
    process.exit(1)
  }
}

/**
 * What is not a screen, such as the journal of a service, would keep the password for everyone
 * who reads it: there it goes into a file of its owner's, whose path is answered.
 */
function keepPassword({ dataFolder }: Config, { firstAdmin }: Hub): string | undefined {
  if (firstAdmin === undefined) return undefined
  const file = join(dataFolder, 'admin-password')
  // Another one that nobody was told of may lie there.
  rmSync(file, { force: true })
  writeFileSync(file, `${firstAdmin.password}\n`, { mode: 0o600, flag: 'wx', flush: true })
  return file
}

/** Only now: a password that was marked before it was on the screen might be nobody's. */
function markShown(hub: Hub): void {
  if (hub.firstAdmin === undefined) return
  hub.firstAdminShown().catch((error: unknown) => {
    const reason = reasonOf(error)
    process.stderr.write(
      `the administrator's password will be made anew at the next start: ${reason}\n`,
    )
  })
}

/** Called wrongly is exit status 2, as for every command of Belfry's. */
function configOrExit(): Config | 'help' {
  try {
    return readConfig(process.argv.slice(2), process.env)
  } catch (error) {
    process.stderr.write(`belfry could not start: ${reasonOf(error)}; see "belfry start --help"\n`)
    return process.exit(2)
  }
}

function banner(
  { dataFolder, allowPrivateTargets }: Config,
  { url, firstAdmin }: Hub,
  passwordFile: string | undefined,
): string {
  const folder = relative(process.cwd(), dataFolder) || '.'
  const files = folder.startsWith('..') ? dataFolder : folder
  const belfry = dataFolder === resolve('.belfry') ? 'npx belfry' : `npx belfry --data ${files}`
  const bold = (text: string) => styleText('bold', text)
  const warning = allowPrivateTargets
    ? `\n${styleText('yellow', 'Private targets are allowed:')} rules may deliver to this machine and its network (--allow-private-targets).\n`
    : ''
  const admin =
    firstAdmin === undefined
      ? ''
      : `
  administrator  ${firstAdmin.email}
  password       ${passwordLine(firstAdmin, passwordFile)}
`
  return `
${bold(`Belfry ${VERSION}`)} hears what happens in your cloud and tells who needs to know.

  listening on   ${url}
  data           ${files}${files.endsWith('/') ? '' : '/'}   (store, keys, and AWS profiles)
${admin}${warning}
Next, in another terminal:

  ${belfry} sample      ${styleText('dim', '# load an example organisation and play AWS events into it')}
  ${belfry} tail        ${styleText('dim', '# watch events arrive')}
  ${belfry} login       ${styleText('dim', '# sign in')}
  ${belfry} --help      ${styleText('dim', '# everything else')}

Stop with Ctrl-C.
`
}

function passwordLine({ password }: AdminPassword, file: string | undefined): string {
  return file === undefined
    ? `${styleText('yellow', password)}   (shown this once: keep it, or change it)`
    : `in ${file}   (delete the file when you have read it)`
}

/** The first signal drains; a second one does not wait. */
function stopOnSignal(hub: Hub): void {
  let stopping = false
  const stop = () => {
    if (stopping) process.exit(1)
    stopping = true
    hub.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`belfry did not stop cleanly: ${reasonOf(error)}\n`)
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    return 'the port is taken, perhaps by another hub: stop it or choose another with --port'
  }
  return message
}
