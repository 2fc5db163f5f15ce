import type { Command } from 'commander'

import { action } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { readPassword } from './password-input.ts'

/** Of the user of BELFRY_SESSION. */
export function addPassword(program: Command): void {
  program
    .command('password')
    .description("change one's own password, which signs out everywhere")
    .addHelpText('after', '\nWithout a terminal, standard input is the present one, then the new.')
    .action(
      action(async ({ hub, output }) => {
        await hub.put('/password', await passwords())
        await output.show({ changed: true }, () => 'changed the password and signed out everywhere')
      }),
    )
}

async function passwords(): Promise<{ password: string; newPassword: string }> {
  if (process.stdin.isTTY) {
    const password = await readPassword('Present password: ')
    return { password, newPassword: await readPassword('New password: ') }
  }
  const [password, newPassword, ...more] = (await readPassword('')).split(/\r?\n/)
  if (password && newPassword && more.length === 0) return { password, newPassword }
  throw new UsageFault('standard input must be two lines: the present password, then the new one')
}
