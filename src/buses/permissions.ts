import { AwsError } from '#src/errors.ts'
import { busArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { Quotas } from '#src/model/quotas.ts'
import type { Policy, Statement } from '#src/model/resource-policy.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State } from '#src/ports/state.ts'
import { BUSES, busKey } from './documents.ts'
import { existingBus } from './event-buses.ts'
import { parsePolicy } from './policy-document.ts'

/** A grant to put events, in PutPermission's short form. */
export interface Grant {
  readonly statementId: string
  /** An account, or `*`. */
  readonly principal: string
  /** Only accounts of this AWS organisation. */
  readonly awsOrganizationId?: string | undefined
}

/** The resource policy of each event bus. */
export interface Permissions {
  /** In place of the whole policy. @throws AwsError ValidationException, PolicyLengthExceededException */
  putPolicy(bus: BusAddress, text: string): Promise<void>
  /** In place of the statement of that id, or beside all others. */
  grant(bus: BusAddress, grant: Grant): Promise<void>
  /** @throws AwsError ResourceNotFoundException */
  removeStatement(bus: BusAddress, statementId: string): Promise<void>
  removeAll(bus: BusAddress): Promise<void>
}

export interface PermissionPorts {
  readonly state: State
  readonly clock: Clock
  readonly quotas: Quotas
}

export function createPermissions({ state, clock, quotas }: PermissionPorts): Permissions {
  const change = async (
    bus: BusAddress,
    edit: (statements: readonly Statement[], before: Policy | undefined) => Policy | undefined,
  ): Promise<void> =>
    state.transact(async (transaction) => {
      const { policy: before, ...others } = await existingBus(transaction, bus)
      const policy = edit(before?.Statement ?? [], before)
      const text = policy && JSON.stringify(policy)
      if (text === (before && JSON.stringify(before))) return
      if (text !== undefined) checkLength(text)
      transaction.put(BUSES, busKey(bus), {
        ...others,
        ...(policy !== undefined && { policy }),
        modifiedAt: clock.now(),
      })
    })

  const checkLength = (text: string) => {
    if (text.length <= quotas['policy-size']) return
    throw new AwsError(
      'PolicyLengthExceededException',
      'Policy size would be larger than the maximum allowed.',
    )
  }

  return {
    putPolicy: async (bus, text) => {
      checkLength(text)
      const policy = parsePolicy(text, bus)
      await change(bus, () => policy)
    },
    grant: async (bus, grant) => {
      const granted = statementOf(bus, grant)
      await change(bus, (statements, before) => {
        const isNew = !statements.some(({ Sid }) => Sid === granted.Sid)
        const kept = statements.map((one) => (one.Sid === granted.Sid ? granted : one))
        return policyOf(isNew ? [...kept, granted] : kept, before)
      })
    },
    removeStatement: async (bus, statementId) =>
      change(bus, (statements, before) => {
        const kept = statements.filter(({ Sid }) => Sid !== statementId)
        if (kept.length === statements.length) {
          throw new AwsError(
            'ResourceNotFoundException',
            'Statement with the provided id does not exist.',
          )
        }
        return kept.length === 0 ? undefined : policyOf(kept, before)
      }),
    removeAll: async (bus) => change(bus, () => undefined),
  }
}

function policyOf(statements: readonly Statement[], before: Policy | undefined): Policy {
  return { Version: '2012-10-17', ...before, Statement: statements }
}

/** As AWS stores the short form. */
function statementOf(bus: BusAddress, grant: Grant): Statement {
  const { statementId, principal, awsOrganizationId } = grant
  return {
    Sid: statementId,
    Effect: 'Allow',
    Principal: principal === '*' ? '*' : { AWS: `arn:aws:iam::${principal}:root` },
    Action: 'events:PutEvents',
    Resource: busArn(bus),
    ...(awsOrganizationId !== undefined && {
      Condition: { StringEquals: { 'aws:PrincipalOrgID': awsOrganizationId } },
    }),
  }
}
