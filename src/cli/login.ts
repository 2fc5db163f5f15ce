import type { Command } from 'commander'

import { action, givenOnly } from './call.ts'
import { HubFault, UsageFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import { loginWithBrowser } from './login-with-browser.ts'
import { fields } from './output.ts'
import { ask, readPassword } from './password-input.ts'
import type { Session } from './session.ts'
import { localMoment } from './terminal-text.ts'

interface LoginOptions {
  readonly passwordStdin?: boolean
  readonly code?: string
  readonly oidc?: string
  readonly browser: boolean
}

export function addLogin(program: Command): void {
  program
    .command('login')
    .description('sign a user in and show the session token')
    .argument('[e-mail]', 'asked for on a terminal')
    .option('--password-stdin', 'read the password from standard input')
    .option('--code <code>', 'of the second factor, or a recovery code; asked for on a terminal')
    .option('--oidc <alias>', 'sign in with the OpenID provider of this organisation, in a browser')
    .option('--no-browser', 'with --oidc, only show the address to open')
    .addHelpText(
      'after',
      `
The token goes into "Authorization: Bearer" of REST calls. Other belfry commands take it from
the environment variable BELFRY_SESSION and then act as that user.

With --oidc the browser must be on this machine. Elsewhere, open <hub>/sign-in/oidc/<alias> in
any browser: it shows the token.`,
    )
    .action(
      action<LoginOptions>(async ({ hub, output, options }, given?: string) => {
        const own = given !== undefined || options.passwordStdin || options.code !== undefined
        if (options.oidc !== undefined && own) {
          throw new UsageFault(
            '--oidc takes no e-mail, password or code: the provider asks for what it needs',
          )
        }
        const session =
          options.oidc === undefined
            ? await loginWithPassword(hub, options, given)
            : await loginWithBrowser(hub, options.oidc, { output, opens: options.browser })
        await output.show(session, () => sessionText(session))
      }),
    )
}

export function addLogout(program: Command): void {
  program
    .command('logout')
    .description('end the session of BELFRY_SESSION')
    .option('--everywhere', 'end all sessions of its user')
    .action(
      action<LogoutOptions>(async ({ hub, output, options }) => {
        const all = options.everywhere === true
        await hub.delete(all ? '/sessions' : '/sessions/current')
        await output.show({ ended: all ? 'all' : 'current' }, () =>
          all ? 'signed out everywhere' : 'signed out',
        )
      }),
    )
}

interface LogoutOptions {
  readonly everywhere?: boolean
}

async function loginWithPassword(
  hub: HubClient,
  options: LoginOptions,
  given: string | undefined,
): Promise<Session> {
  const { isTTY } = process.stdin
  if (!isTTY && (given === undefined || !options.passwordStdin)) {
    throw new UsageFault('without a terminal, login needs an e-mail and --password-stdin')
  }
  const email = given ?? (await ask('E-mail: '))
  const password = await readPassword('Password: ')
  const signIn = (code?: string) =>
    hub.anonymous().post<Session>('/sessions', { email, password, ...givenOnly({ code }) })
  try {
    return await signIn(options.code)
  } catch (error) {
    const asked = error instanceof HubFault && error.code === 'session.code-required'
    if (!asked) throw error
    if (!isTTY) throw new UsageFault('this user has a second factor: give its code with --code')
    return signIn(await ask('Code: '))
  }
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
