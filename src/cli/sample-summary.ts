import { resolve } from 'node:path'

import type { HubClient } from './hub-client.ts'
import { fields, styled } from './output.ts'
import type { Played } from './play-events.ts'
import type { Counts, SampleOrganisation } from './sample-organisation.ts'
import { counted } from './terminal-text.ts'

/** What is in the hub now. */
export function sampleSummary(
  { organisation, accounts, users, tokens }: SampleOrganisation,
  { taken, refused, reasons }: Played,
  tenancyEventsMade: number,
): string {
  const summary = fields(
    {
      organisation: `${organisation.alias}, in ${organisation.regions.join(', ')}`,
      accounts: countsText(accounts),
      users: countsText(users),
      'API tokens': countsText(tokens),
      'tenancy events': `${tenancyEventsMade} made`,
      'AWS events': `${taken.toLocaleString('en')} taken, ${refused.toLocaleString('en')} refused`,
    },
    { organisation: 'cyan', 'AWS events': refused === 0 ? 'green' : 'red' },
  )
  const why = Array.from(reasons, ([reason, count]) => `  ${counted(count, 'time')}: ${reason}`)
  return [summary, ...why].join('\n')
}

/** What to try next, ready to be copied. */
export function nextSteps(
  hub: HubClient,
  { login, apiCallId }: Pick<SampleOrganisation, 'login' | 'apiCallId'>,
  profilePrefix: string,
): string {
  const comment = (text: string) => styled('dim', `# ${text}`)
  const { dataFolder, url } = hub
  const elsewhere = resolve(dataFolder) !== resolve('.belfry') && !process.env['BELFRY_DATA']
  const belfry = elsewhere ? `npx belfry --data ${dataFolder}` : 'npx belfry'
  return `${styled('bold', 'Next:')}

  ${belfry} tail                  ${comment('then run the sample again')}
  ${belfry} tail --since start    ${comment('all events, from the first')}
  ${belfry} explain ${apiCallId}   ${comment('who stopped that instance?')}
  ${belfry} organisational-units list    ${comment('and accounts, groups, services, event-sources ...')}
  ${belfry} trail verify          ${comment('the audit trail, written once a minute')}
  ${belfry} login ${login.email}    ${comment(`password: ${login.password}`)}

  ${url}/catalogue    ${comment('every tenancy event there is')}

${styled('bold', 'With the AWS CLI:')}

  export AWS_SHARED_CREDENTIALS_FILE=${dataFolder}/credentials AWS_CONFIG_FILE=${dataFolder}/config
  aws events list-event-buses --profile ${profilePrefix}logging
  aws events put-rule --profile ${profilePrefix}security --name findings \\
      --event-pattern '{"source":["aws.guardduty","aws.securityhub"]}'

  ${comment('An AWS CLI older than 2.13 or 1.29 also needs:')} --endpoint-url ${url}
`
}

function countsText({ made, found }: Counts): string {
  if (made === 0) return `${found}, all there before`
  return found === 0 ? `${made} made` : `${made} made, ${found} there before`
}
