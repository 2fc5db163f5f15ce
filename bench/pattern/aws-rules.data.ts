/** Whose rules they are: what differs between the copies of one rule in an organisation. */
export interface Team {
  readonly name: string
  readonly account: string
  readonly region: string
}

const API_CALL = 'AWS API Call via CloudTrail'
const startsWith = (prefix: string) => ({ prefix })
const endsWith = (suffix: string) => ({ suffix })
const like = (wildcard: string) => ({ wildcard })
const except = (...values: string[]) => ({ 'anything-but': values })
const atLeast = (number: number) => ({ numeric: ['>=', number] })
const apiCalls = (source: string, ...eventName: unknown[]) => ({
  source: [source],
  'detail-type': [API_CALL],
  detail: { eventName },
})

type RuleOf = (team: Team) => object
const inAccount =
  (pattern: object): RuleOf =>
  ({ account }) => ({ account: [account], ...pattern })
const inRegion =
  (pattern: object): RuleOf =>
  ({ region }) => ({ region: [region], ...pattern })

/** Rules as companies have them, each written once for a team. */
export const AWS_RULES: readonly RuleOf[] = [
  // Compute.
  inAccount({
    source: ['aws.ec2'],
    'detail-type': ['EC2 Instance State-change Notification'],
    detail: { state: ['stopped', 'terminated'] },
  }),
  inRegion({
    source: ['aws.ec2'],
    'detail-type': ['EC2 Instance State-change Notification'],
    detail: { state: [except('pending', 'shutting-down')] },
  }),
  ({ account, region }) => ({
    source: ['aws.ec2'],
    'detail-type': ['EC2 Spot Instance Interruption Warning'],
    resources: [startsWith(`arn:aws:ec2:${region}:${account}:`)],
  }),
  inAccount({
    source: ['aws.ec2'],
    'detail-type': ['EBS Snapshot Notification', 'EBS Multi-Volume Snapshots Completion Status'],
    detail: { result: ['failed'] },
  }),
  inRegion({
    source: ['aws.ec2'],
    'detail-type': ['EBS Volume Notification'],
    detail: { event: ['createVolume', 'deleteVolume'], result: [except('available')] },
  }),
  ({ name }) => ({
    source: ['aws.autoscaling'],
    'detail-type': [endsWith('Unsuccessful')],
    detail: { AutoScalingGroupName: [startsWith(`${name}-`)] },
  }),
  inAccount({
    source: ['aws.autoscaling'],
    'detail-type': [like('EC2 Auto Scaling Instance Refresh *')],
  }),
  ({ name, account }) => ({
    source: ['aws.ecs'],
    'detail-type': ['ECS Task State Change'],
    detail: {
      lastStatus: ['STOPPED'],
      stoppedReason: [{ exists: true }],
      clusterArn: [like(`arn:aws:ecs:*:${account}:cluster/${name}-*`)],
    },
  }),
  inAccount({
    source: ['aws.ecs'],
    'detail-type': ['ECS Task State Change'],
    detail: { containers: { exitCode: [{ 'anything-but': 0 }] } },
  }),
  inRegion({
    source: ['aws.ecs'],
    'detail-type': ['ECS Deployment State Change', 'ECS Service Action'],
    detail: { eventType: ['ERROR', 'WARN'] },
  }),
  ({ name }) => ({
    source: ['aws.batch'],
    detail: { status: ['FAILED'], jobQueue: [like(`*:job-queue/${name}-*`)] },
  }),
  inAccount({
    source: ['aws.states'],
    detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
  }),
  ({ name }) => ({
    source: ['aws.states'],
    detail: { stateMachineArn: [endsWith(`:${name}-orders`)], stopDate: [{ exists: true }] },
  }),
  inRegion({
    source: ['aws.eks', 'aws.apprunner', 'aws.elasticbeanstalk'],
    detail: { Severity: [{ 'equals-ignore-case': 'error' }, { 'equals-ignore-case': 'warn' }] },
  }),

  // Security.
  inAccount({
    source: ['aws.guardduty'],
    'detail-type': ['GuardDuty Finding'],
    detail: { severity: [atLeast(7)] },
  }),
  inRegion({
    source: ['aws.guardduty'],
    detail: { severity: [{ numeric: ['>=', 4, '<', 7] }], service: { archived: [false] } },
  }),
  inAccount({
    source: ['aws.guardduty'],
    detail: { type: [startsWith('UnauthorizedAccess:'), startsWith('CryptoCurrency:')] },
  }),
  ({ account }) => ({
    source: ['aws.securityhub'],
    'detail-type': ['Security Hub Findings - Imported'],
    detail: {
      findings: {
        AwsAccountId: [account],
        Severity: { Label: ['HIGH', 'CRITICAL'] },
        Workflow: { Status: ['NEW'] },
        RecordState: ['ACTIVE'],
      },
    },
  }),
  inRegion({
    source: ['aws.securityhub'],
    detail: { findings: { Compliance: { Status: [except('PASSED')] } } },
  }),
  ({ name }) => ({
    source: ['aws.securityhub'],
    'detail-type': ['Security Hub Findings - Custom Action'],
    detail: { actionName: [startsWith('CIS'), startsWith(name)] },
  }),
  inAccount({
    source: ['aws.inspector2'],
    detail: { severity: ['HIGH', 'CRITICAL'], inspectorScore: [{ numeric: ['>', 7.5] }] },
  }),
  ({ account }) => ({
    source: ['aws.access-analyzer'],
    detail: { status: ['ACTIVE'], isPublic: [true], accountId: [account] },
  }),
  inRegion({
    source: ['aws.macie'],
    detail: { 'risk-score': [atLeast(5)], 'notification-type': ['ALERT_CREATED'] },
  }),
  inAccount({
    'detail-type': ['AWS Console Sign In via CloudTrail'],
    detail: { userIdentity: { type: ['Root'] } },
  }),
  inAccount({
    'detail-type': ['AWS Console Sign In via CloudTrail'],
    detail: {
      additionalEventData: { MFAUsed: ['No'] },
      sourceIPAddress: [{ cidr: '0.0.0.0/8' }, { cidr: '203.0.113.0/24' }],
    },
  }),
  inAccount({
    source: ['aws.iam'],
    $or: [
      { detail: { eventName: ['CreateUser', 'CreateAccessKey', 'AttachUserPolicy'] } },
      { detail: { userIdentity: { type: ['Root'] } } },
      { detail: { errorCode: ['AccessDenied'] } },
    ],
  }),
  inRegion({
    source: ['aws.kms'],
    'detail-type': [like('*CMK Deletion'), like('KMS Imported Key*')],
  }),
  inAccount(apiCalls('aws.s3', 'CreateBucket', 'DeleteBucket')),
  inAccount(apiCalls('aws.s3', startsWith('PutBucket'), 'DeleteBucketPolicy')),
  inAccount(apiCalls('aws.ec2', 'AuthorizeSecurityGroupIngress', 'RevokeSecurityGroupEgress')),
  inRegion(apiCalls('aws.rds', 'ModifyDBInstance', 'CreateDomain')),
  inAccount(apiCalls('aws.organizations', like('Create*'), 'LeaveOrganization')),
  inAccount({
    'detail-type': [API_CALL],
    detail: { sourceIPAddress: [{ cidr: '203.0.113.0/24' }, { cidr: '100.64.0.0/10' }] },
  }),
  inAccount({
    'detail-type': [API_CALL],
    detail: { errorCode: [{ exists: true }], eventName: [{ 'anything-but': startsWith('Get') }] },
  }),
  ({ name }) => ({
    'detail-type': [API_CALL],
    detail: { userIdentity: { arn: [like(`arn:aws:sts::*:assumed-role/${name}-*/*`)] } },
  }),

  // Storage and data.
  ({ name }) => ({
    source: ['aws.s3'],
    'detail-type': ['Object Created'],
    detail: { bucket: { name: [`${name}-uploads`] }, object: { key: [startsWith('incoming/')] } },
  }),
  inAccount({
    source: ['aws.s3'],
    'detail-type': ['Object Created', 'Object Deleted'],
    detail: { object: { key: [endsWith('.csv'), endsWith('.parquet'), like('*/raw/*.json')] } },
  }),
  inRegion({
    source: ['aws.s3'],
    detail: { object: { size: [{ numeric: ['>', 0, '<=', 5_242_880] }] } },
  }),
  inAccount({
    source: ['aws.rds'],
    detail: { EventCategories: ['failure', 'failover', 'low storage'] },
  }),
  ({ name }) => ({
    source: ['aws.rds'],
    detail: { SourceIdentifier: [startsWith(`${name}-`)], EventID: [startsWith('RDS-EVENT-')] },
  }),
  inAccount({
    source: ['aws.glue'],
    detail: { state: ['FAILED', 'TIMEOUT', 'STOPPED'] },
  }),
  inRegion({
    source: ['aws.dms', 'aws.redshift-data'],
    $or: [{ detail: { state: ['FAILED', 'ABORTED'] } }, { detail: { category: ['Failure'] } }],
  }),
  inAccount({
    source: ['aws.emr'],
    detail: { state: [except('STARTING', 'RUNNING', 'COMPLETED')] },
  }),
  inRegion({
    source: ['aws.es', 'aws.aoss'],
    detail: { severity: ['High', 'Critical', 'Medium'] },
  }),
  inAccount({
    source: ['aws.sagemaker'],
    'detail-type': [startsWith('SageMaker Training Job'), startsWith('SageMaker Endpoint')],
  }),

  // Delivery of software.
  ({ name }) => ({
    source: ['aws.codepipeline'],
    'detail-type': ['CodePipeline Pipeline Execution State Change'],
    detail: { pipeline: [startsWith(name)], state: ['FAILED', 'STOPPED', 'SUPERSEDED'] },
  }),
  inAccount({
    source: ['aws.codepipeline'],
    detail: { stage: ['Prod', 'Deploy'], state: [except('STARTED', 'SUCCEEDED')] },
  }),
  inRegion({
    source: ['aws.codebuild'],
    detail: { 'build-status': ['FAILED', 'STOPPED'], 'project-name': [{ exists: true }] },
  }),
  ({ name }) => ({
    source: ['aws.codecommit'],
    detail: { event: [startsWith('pullRequest')], repositoryNames: [`${name}-service`] },
  }),
  inAccount({
    source: ['aws.codecommit'],
    detail: { referenceName: ['main', 'master'], referenceType: ['branch'] },
  }),
  inAccount({
    source: ['aws.ecr'],
    detail: { 'finding-severity-counts': { CRITICAL: [{ numeric: ['>', 0] }] } },
  }),
  inRegion({
    source: ['aws.cloudformation'],
    detail: { 'status-details': { status: [endsWith('_FAILED'), endsWith('ROLLBACK_COMPLETE')] } },
  }),
  inAccount({
    source: ['aws.codedeploy'],
    detail: { state: ['FAILURE'] },
  }),

  // Operations.
  inAccount({
    source: ['aws.health'],
    detail: { eventTypeCategory: ['issue', 'scheduledChange'], service: ['EC2', 'RDS', 'LAMBDA'] },
  }),
  ({ name }) => ({
    source: ['aws.health'],
    detail: { affectedEntities: { tags: { app: [startsWith(name)], stage: ['prod'] } } },
  }),
  ({ name }) => ({
    source: ['aws.cloudwatch'],
    'detail-type': ['CloudWatch Alarm State Change'],
    detail: { alarmName: [startsWith(`${name}-`)], state: { value: ['ALARM'] } },
  }),
  inAccount({
    source: ['aws.cloudwatch'],
    detail: { state: { value: ['ALARM'] }, previousState: { value: [except('ALARM')] } },
  }),
  inRegion({
    source: ['aws.ssm'],
    detail: { status: ['Failed', 'TimedOut', 'Cancelled'] },
  }),
  inAccount({
    source: ['aws.config'],
    detail: { newEvaluationResult: { complianceType: ['NON_COMPLIANT'] } },
  }),
  ({ account, region }) => ({
    account: [account],
    region: [region],
    'detail-type': ['Scheduled Event', 'Trusted Advisor Check Item Refresh Notification'],
  }),
]
