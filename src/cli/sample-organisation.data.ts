/** The example organisation of "belfry sample". Ids are made up, as those in AWS's documentation. */

export const SAMPLE_ORGANISATION = {
  alias: 'example',
  name: 'Example Holdings',
  customerName: 'Example Holdings',
  installationRegion: 'ap-southeast-2',
  regions: ['ap-southeast-2', 'us-east-1', 'eu-west-1'],
} as const

export const SAMPLE_ACCOUNTS = [
  { awsAccountId: '111122223333', name: 'management', accountRole: 'MANAGEMENT' },
  { awsAccountId: '222233334444', name: 'logging', accountRole: 'LOGGING' },
  { awsAccountId: '333344445555', name: 'security', accountRole: 'SECURITY' },
  { awsAccountId: '444455556666', name: 'payments-prod', accountRole: 'MEMBER' },
  { awsAccountId: '555566667777', name: 'payments-test', accountRole: 'MEMBER' },
  { awsAccountId: '666677778888', name: 'web-shop', accountRole: 'MEMBER' },
  { awsAccountId: '777788889999', name: 'sandbox', accountRole: 'MEMBER' },
] as const

/** The workload account that is renamed, so that there is an update event. */
export const RENAMED_ACCOUNT = { awsAccountId: '777788889999', name: 'data-platform' } as const

/** The first one logs in. */
export const SAMPLE_USERS = [
  { email: 'mei.tanaka@example.com', firstName: 'Mei', lastName: 'Tanaka', role: 'customer_admin' },
  {
    email: 'omar.haddad@example.com',
    firstName: 'Omar',
    lastName: 'Haddad',
    role: 'customer_admin',
  },
  {
    email: 'ines.duarte@example.com',
    firstName: 'Inês',
    lastName: 'Duarte',
    role: 'customer_operations',
  },
  {
    email: 'tom.wilkie@example.com',
    firstName: 'Tom',
    lastName: 'Wilkie',
    role: 'customer_operations',
  },
  {
    email: 'aroha.ngata@example.com',
    firstName: 'Aroha',
    lastName: 'Ngata',
    role: 'customer_operations',
  },
  {
    email: 'priya.raman@example.com',
    firstName: 'Priya',
    lastName: 'Raman',
    role: 'customer_user',
  },
  {
    email: 'lukas.meyer@example.com',
    firstName: 'Lukas',
    lastName: 'Meyer',
    role: 'customer_user',
  },
  {
    email: 'sofia.rossi@example.com',
    firstName: 'Sofia',
    lastName: 'Rossi',
    role: 'customer_user',
  },
  {
    email: 'daniel.okafor@example.com',
    firstName: 'Daniel',
    lastName: 'Okafor',
    role: 'customer_user',
  },
  {
    email: 'chloe.martin@example.com',
    firstName: 'Chloé',
    lastName: 'Martin',
    role: 'customer_user',
  },
  {
    email: 'ewa.nowak@example.com',
    firstName: 'Ewa',
    lastName: 'Nowak',
    role: 'customer_readonly',
  },
  {
    email: 'audit@example.com',
    firstName: 'External',
    lastName: 'Auditor',
    role: 'customer_readonly',
  },
] as const

export const SAMPLE_TOKENS = [
  {
    name: 'deploy-pipeline',
    description: 'Puts the events of deployments',
    role: 'api_user',
    awsAccountId: '444455556666',
  },
  {
    name: 'audit-export',
    description: 'Reads events and dead letters every night',
    role: 'api_readonly',
    awsAccountId: '333344445555',
  },
] as const

export const SAMPLE_INGEST_KEY = 'sample-player'
