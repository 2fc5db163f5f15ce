import { expect } from 'vitest'

import { ACCOUNTS } from '../../organisation.ts'
import { ANY, arnOf, call, refused } from './call.ts'
import type { CliSubject } from './call.ts'

const scheduler = (resource: string) => arnOf('scheduler', resource)

const TARGET = {
  Arn: arnOf('events', 'event-bus/default'),
  RoleArn: `arn:aws:iam::${ACCOUNTS.MEMBER}:role/scheduler`,
  EventBridgeParameters: { Source: 'chimes', DetailType: 'Chime' },
}
const CHIME = { name: 'chime' }
const SETTINGS = { ...CHIME, target: TARGET, 'flexible-time-window': 'Mode=OFF' }
const CHIME_ARN = scheduler('schedule/default/chime')
const SCHEDULES = [
  call(
    'scheduler create-schedule',
    {
      ...SETTINGS,
      'schedule-expression': 'cron(30 17 ? * MON-FRI *)',
      'schedule-expression-timezone': 'Europe/Berlin',
      'start-date': '2190-01-02T03:04:05Z',
      'action-after-completion': 'DELETE',
    },
    { ScheduleArn: CHIME_ARN },
  ),
  call(
    'scheduler get-schedule',
    CHIME,
    expect.objectContaining({
      ...{ Arn: CHIME_ARN, GroupName: 'default', State: 'ENABLED', StartDate: ANY },
      ScheduleExpression: 'cron(30 17 ? * MON-FRI *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      Target: expect.objectContaining(TARGET),
    }),
  ),
  refused(
    'scheduler create-schedule',
    { ...SETTINGS, 'schedule-expression': 'rate(1 day)' },
    'ConflictException',
    'Schedule chime already exists.',
  ),
  refused(
    'scheduler create-schedule',
    { ...SETTINGS, 'schedule-expression': 'rate(30 seconds)' },
    'ValidationException',
    'Invalid Schedule Expression rate(30 seconds).',
  ),
  call(
    'scheduler update-schedule',
    { ...SETTINGS, 'schedule-expression': 'rate(1 day)', state: 'DISABLED' },
    { ScheduleArn: CHIME_ARN },
  ),
  call(
    'scheduler list-schedules',
    { 'group-name': 'default', state: 'DISABLED', 'page-size': '1' },
    { Schedules: [expect.objectContaining({ Arn: CHIME_ARN, Target: { Arn: TARGET.Arn } })] },
  ),
  call('scheduler delete-schedule', CHIME),
  refused(
    'scheduler get-schedule',
    CHIME,
    'ResourceNotFoundException',
    'Schedule chime does not exist.',
  ),
]

const GROUP = { name: 'nightly' }
const GROUP_ARN = scheduler('schedule-group/nightly')
const GROUPS = [
  call(
    'scheduler create-schedule-group',
    { ...GROUP, tags: 'Key=team,Value=shop' },
    { ScheduleGroupArn: GROUP_ARN },
  ),
  call(
    'scheduler get-schedule-group',
    GROUP,
    expect.objectContaining({ Arn: GROUP_ARN, State: 'ACTIVE' }),
  ),
  call('scheduler tag-resource', { 'resource-arn': GROUP_ARN, tags: 'Key=env,Value=a/b' }),
  call('scheduler untag-resource', { 'resource-arn': GROUP_ARN, 'tag-keys': 'team' }),
  call(
    'scheduler list-tags-for-resource',
    { 'resource-arn': GROUP_ARN },
    { Tags: [{ Key: 'env', Value: 'a/b' }] },
  ),
  call(
    'scheduler list-schedule-groups',
    { 'name-prefix': 'night', 'page-size': '1' },
    { ScheduleGroups: [expect.objectContaining({ Arn: GROUP_ARN })] },
  ),
  call('scheduler delete-schedule-group', GROUP),
  refused(
    'scheduler delete-schedule-group',
    { name: 'default' },
    'ValidationException',
    'This operation cannot be performed on schedule group default.',
  ),
]

/** Every operation of EventBridge Scheduler. */
export const SCHEDULER_CALLS: readonly CliSubject[] = [
  { subject: 'schedules', calls: SCHEDULES },
  { subject: 'schedule groups', calls: GROUPS },
]
