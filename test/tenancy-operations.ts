/** The operations of the REST API on the tenancy's things, for what holds for all operations. */

interface Operation {
  readonly name: string
  readonly least: 'api_readonly' | 'api_user' | 'api_operations' | 'api_admin'
  readonly call: () => Promise<readonly [method: string, path: string, body?: unknown]>
  /** What who may make it is answered. */
  readonly status: number
}

interface Tenancy {
  readonly organisationId: () => string
  readonly accountId: (role: 'MEMBER' | 'LOGGING') => string
  readonly made: (path: string, body: object) => Promise<any>
  readonly newUser: () => object
  /** Of a service, as it is configured now. */
  readonly versionOf: (service: string) => Promise<number>
}

const GUARDDUTY = {
  FindingPublishingFrequency: 'ONE_HOUR',
  Features: {
    EBS_MALWARE_PROTECTION: { Enable: false },
    EKS_AUDIT_LOGS: { Enable: true },
    EKS_RUNTIME_MONITORING: { Enable: false },
    LAMBDA_NETWORK_LOGS: { Enable: false },
    RDS_LOGIN_EVENTS: { Enable: false },
    S3_DATA_EVENTS: { Enable: true },
  },
}
const KEYS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'a secret access key' }

export function tenancyOperations(tenancy: Tenancy): readonly Operation[] {
  let serial = 0
  const unique = (prefix: string) => `${prefix}-${(serial += 1)}`
  const given = (prefix: string) => ({
    organisationId: tenancy.organisationId(),
    name: unique(prefix),
  })
  const idOf = async (path: string, body: object = given('x')) =>
    (await tenancy.made(path, body)).id as string
  const of = () => `organisationId=${tenancy.organisationId()}`
  const account = () =>
    tenancy.made('/accounts', {
      ...given('acc'),
      awsAccountId: String(700_000_000_000 + (serial += 1)),
    })
  const read = (name: string, path: () => Promise<string>, status = 200): Operation => ({
    ...{ name: `GET ${name}`, least: 'api_readonly', status },
    call: async () => ['GET', await path()],
  })
  const write = (
    name: string,
    status: number,
    request: () => Promise<readonly [path: string, body?: unknown]>,
  ): Operation => {
    const [method = ''] = name.split(' ')
    return { name, least: 'api_admin', status, call: async () => [method, ...(await request())] }
  }
  const things = ['organisational-units', 'account-types', 'groups'] as const
  const member = async () => {
    const groupId = await idOf('/groups')
    return `/groups/${groupId}/members/${await idOf('/users', tenancy.newUser())}`
  }

  return [
    ...[...things, 'customers', 'tasks'].map((list) => read(`/${list}`, async () => `/${list}`)),
    ...things.flatMap((list): Operation[] => [
      read(`/${list}/{id}`, async () => `/${list}/${await idOf(`/${list}`)}`),
      write(`POST /${list}`, 201, async () => [`/${list}`, given('y')]),
      write(`DELETE /${list}/{id}`, 204, async () => [`/${list}/${await idOf(`/${list}`)}`]),
    ]),
    ...(['organisational-units', 'groups'] as const).map((list) =>
      write(`PATCH /${list}/{id}`, 200, async () => [
        `/${list}/${await idOf(`/${list}`)}`,
        { name: unique('z') },
      ]),
    ),
    write('PATCH /account-types/{id}', 200, async () => [
      `/account-types/${await idOf('/account-types')}`,
      { status: 'DISABLED' },
    ]),
    read('/customers/{id}', async () => `/customers/${await idOf('/groups')}`, 404),
    write('PATCH /customers/{id}', 404, async () => [
      `/customers/${await idOf('/groups')}`,
      { name: 'x' },
    ]),
    read('/groups/{id}/members', async () => `/groups/${await idOf('/groups')}/members`),
    write('PUT /groups/{id}/members/{userId}', 204, async () => [await member()]),
    write('DELETE /groups/{id}/members/{userId}', 204, async () => [await member()]),
    read('/accounts/{id}', async () => `/accounts/${tenancy.accountId('MEMBER')}`),
    write('POST /accounts', 201, async () => [
      '/accounts',
      { ...given('acc'), awsAccountId: String(700_000_000_000 + (serial += 1)) },
    ]),
    write('PATCH /accounts/{id}', 200, async () => [
      `/accounts/${(await account()).id}`,
      { tags: { stage: unique('s') } },
    ]),
    write('POST /accounts/{id}/onboard', 409, async () => [
      `/accounts/${(await account()).id}/onboard`,
      {},
    ]),
    write('POST /accounts/{id}/close', 409, async () => [
      `/accounts/${tenancy.accountId('LOGGING')}/close`,
    ]),
    write('POST /accounts/discovery', 409, async () => [
      '/accounts/discovery',
      { organisationId: tenancy.organisationId() },
    ]),
    write('PUT /organisations/{id}/aws-organization', 200, async () => [
      `/organisations/${tenancy.organisationId()}/aws-organization`,
      { enabled: false, region: 'us-east-1', credentials: KEYS },
    ]),
    read(
      '/organisations/{id}/aws-organization',
      async () => `/organisations/${await idOf('/groups')}/aws-organization`,
      404,
    ),
    read('/services', async () => `/services?${of()}`),
    read('/services/{service}', async () => `/services/sso?${of()}`),
    read('/services/{service}/history', async () => `/services/regions/history?${of()}`),
    write('PUT /services/{service}/configuration', 202, async () => [
      `/services/guardduty/configuration?${of()}`,
      GUARDDUTY,
    ]),
    write('PUT /services/{service}/state', 200, async () => [
      `/services/guardduty/state?${of()}`,
      { state: 'ACTIVE', version: await tenancy.versionOf('guardduty') },
    ]),
    read('/tasks/{id}', async () => `/tasks/${await idOf('/groups')}`, 404),
  ]
}
