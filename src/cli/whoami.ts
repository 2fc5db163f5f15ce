import type { Command } from 'commander'

import type { Organisation, User } from '#src/model/tenancy.ts'
import { action } from './call.ts'
import type { HubClient } from './hub-client.ts'
import { fields } from './output.ts'
import { whereAllowed } from './references.ts'
import { localMoment } from './terminal-text.ts'

interface Caller {
  readonly arn: string
  readonly role: string
  readonly organisationId?: string
  readonly awsAccountId?: string
  readonly user?: User
  readonly session?: { readonly expiresAt: number; readonly endsAt: number }
  readonly mustEnrol?: boolean
}

const MUST_ENROL = 'set up a second factor: belfry second-factor enable'

export function addWhoami(program: Command): void {
  program
    .command('whoami')
    .description('show who the hub takes you for')
    .action(
      action(async ({ hub, output }) => {
        const caller = await hub.get<Caller>('/caller')
        const { arn, role, organisationId, awsAccountId, user, session } = caller
        const organisation =
          organisationId === undefined
            ? 'every one: you operate the hub'
            : await organisationName(hub, organisationId)
        await output.show(caller, () =>
          fields({
            caller: arn,
            user: user?.email,
            role,
            organisation,
            account: awsAccountId,
            session: session && `until ${localMoment(session.expiresAt)}`,
            'to do': caller.mustEnrol ? MUST_ENROL : undefined,
            hub: hub.url,
          }),
        )
      }),
    )
}

async function organisationName(hub: HubClient, id: string): Promise<string> {
  return (await whereAllowed(hub.get<Organisation>(`/organisations/${id}`)))?.alias ?? id
}
