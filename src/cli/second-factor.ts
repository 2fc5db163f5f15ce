import { styleText } from 'node:util'

import type { Command } from 'commander'
import { renderUnicodeCompact } from 'uqr'

import { action } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import { fields } from './output.ts'
import type { Output } from './output.ts'
import { ask, readPassword } from './password-input.ts'

interface Enrolment {
  readonly secret: string
  readonly uri: string
}
interface Confirmed {
  readonly recoveryCodes: readonly string[]
}
interface CodeOptions {
  readonly code?: string
}

const CODE_HELP = 'a code of the authenticator app; asked for on a terminal'

/** Of the user of BELFRY_SESSION. */
export function addSecondFactor(program: Command): void {
  const secondFactor = program
    .command('second-factor')
    .description("set up or take away one's own second factor")

  secondFactor
    .command('enable')
    .description('show a secret for an authenticator app, and confirm it with a code')
    .option('--code <code>', 'confirm what was shown before, without a terminal')
    .addHelpText('after', '\nWithout a terminal, standard input is the password.')
    .action(
      action<CodeOptions>(async ({ hub, output, options }) => {
        if (options.code !== undefined) return confirm(hub, output, options.code)
        const enrolment = await hub.post<Enrolment>('/second-factor', {
          password: await readPassword('Password: '),
        })
        if (output.json || !process.stdin.isTTY) {
          await output.show(enrolment, () => enrolmentText(enrolment))
          output.note('to confirm it: belfry second-factor enable --code CODE')
          return undefined
        }
        await output.line(enrolmentText(enrolment))
        return confirm(hub, output, await ask('Code that the app shows: '))
      }),
    )

  secondFactor
    .command('disable')
    .description("take one's own second factor away")
    .option('--code <code>', `${CODE_HELP}, or a recovery code`)
    .action(
      action<CodeOptions>(async ({ hub, output, options }) => {
        const code = options.code ?? (await askedCode())
        await hub.delete('/second-factor', { code })
        await output.show({ disabled: true }, () => 'took the second factor away')
      }),
    )
}

async function askedCode(): Promise<string> {
  if (process.stdin.isTTY) return ask('Code: ')
  throw new UsageFault('without a terminal, give the code with --code')
}

async function confirm(hub: HubClient, output: Output, code: string): Promise<void> {
  const confirmed = await hub.post<Confirmed>('/second-factor/confirm', { code })
  await output.show(confirmed, () => confirmedText(confirmed))
}

function enrolmentText({ secret, uri }: Enrolment): string {
  return `Read this with an authenticator app, or type the secret into it:

${qrCode(uri)}

${fields({ secret, address: uri }, { secret: 'yellow' })}
`
}

/** In colours of its own: a scanner wants dark on light, whatever the terminal has. */
function qrCode(text: string): string {
  return renderUnicodeCompact(text, { border: 2 })
    .split('\n')
    .map((line) => styleText(['whiteBright', 'bgBlack'], line))
    .join('\n')
}

function confirmedText({ recoveryCodes }: Confirmed): string {
  return `The second factor is on. Keep these recovery codes, each good once, for the day that the
device is gone; they are not shown again:

${recoveryCodes.map((code) => `  ${code}`).join('\n')}
`
}
