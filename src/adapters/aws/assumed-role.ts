import { AssumeRoleFault } from './request-outcome.ts'
import type { ClientSettings } from './service-clients.ts'

/**
 * Temporary credentials of a role. The external id lets a role's trust policy name for whom the role may be
 * used, so that nobody else in this hub can use it (the confused deputy).
 * @param own as which the hub asks for them
 */
export async function assumeRole(
  own: Omit<ClientSettings, 'maxAttempts'>,
  { roleArn, externalId }: { readonly roleArn: string; readonly externalId: string },
) {
  const { AssumeRoleCommand, STSClient } = await import('@aws-sdk/client-sts')
  try {
    const { Credentials } = await new STSClient(own).send(
      new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: `belfry-${externalId}`,
        ExternalId: externalId,
      }),
    )
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {}
    if (AccessKeyId === undefined || SecretAccessKey === undefined) {
      throw new Error('the answer to AssumeRole holds no credentials')
    }
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      ...(SessionToken !== undefined && { sessionToken: SessionToken }),
      ...(Expiration !== undefined && { expiration: Expiration }),
    }
  } catch (cause) {
    throw new AssumeRoleFault(`role ${roleArn} cannot be assumed`, { cause })
  }
}
