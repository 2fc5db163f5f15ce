import type { Command } from 'commander'

import type { Organisation } from '#src/model/tenancy.ts'
import { action } from './call.ts'
import { fields } from './output.ts'

interface Caller {
  readonly arn: string
  readonly role: string
  readonly organisationId?: string
  readonly awsAccountId?: string
}

export function addWhoami(program: Command): void {
  program
    .command('whoami')
    .description('show who the hub takes you for')
    .action(
      action(async ({ hub, output }) => {
        const caller = await hub.get<Caller>('/caller')
        const { arn, role, organisationId, awsAccountId } = caller
        const organisation =
          organisationId === undefined
            ? 'every one: you operate the hub'
            : (await hub.get<Organisation>(`/organisations/${organisationId}`)).alias
        await output.show(caller, () =>
          fields({ caller: arn, role, organisation, account: awsAccountId, hub: hub.url }),
        )
      }),
    )
}
