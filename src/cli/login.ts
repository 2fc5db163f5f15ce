import type { Command } from 'commander'

import type { User } from '#src/model/tenancy.ts'
import { action } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { fields } from './output.ts'
import { ask, readPassword } from './password-input.ts'
import { localMoment } from './terminal-text.ts'

export interface Session {
  readonly sessionToken: string
  readonly expiresAt: number
  readonly user: User
}

export function addLogin(program: Command): void {
  program
    .command('login')
    .description('log a user in and show the session token')
    .argument('[e-mail]', 'asked for on a terminal')
    .option('--password-stdin', 'read the password from standard input')
    .addHelpText(
      'after',
      `
The token goes into "Authorization: Bearer" of REST calls. Other belfry commands take it from
the environment variable BELFRY_SESSION and then act as that user.`,
    )
    .action(
      action<{ passwordStdin?: boolean }>(async ({ hub, output, options }, given?: string) => {
        const { isTTY } = process.stdin
        if (!isTTY && (given === undefined || !options.passwordStdin)) {
          throw new UsageFault('without a terminal, login needs an e-mail and --password-stdin')
        }
        const email = given ?? (await ask('E-mail: '))
        const password = await readPassword('Password: ')
        const session = await hub.anonymous().post<Session>('/sessions', { email, password })
        await output.show(session, () => sessionText(session))
      }),
    )
}

function sessionText({ user, sessionToken, expiresAt }: Session): string {
  return `${fields(
    {
      user: user.email,
      role: user.role,
      expires: localMoment(expiresAt),
      session: sessionToken,
    },
    { user: 'cyan', session: 'yellow' },
  )}

To act as this user:

  export BELFRY_SESSION=${sessionToken}
`
}
