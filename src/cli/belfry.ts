import { styleText } from 'node:util'

import { Command, CommanderError, Help } from 'commander'

import { VERSION } from '#src/version.ts'
import { addAccountTypes } from './account-types.ts'
import { addAccounts } from './accounts.ts'
import { addChannels } from './channels.ts'
import { addBudgets } from './budgets.ts'
import { addCatalogue } from './catalogue.ts'
import { UsageFault } from './cli-faults.ts'
import { addCosts } from './costs.ts'
import { addCompliance } from './compliance.ts'
import { addCustomers } from './customers.ts'
import { addDeadLetters } from './dead-letters.ts'
import { addEventSources } from './event-sources.ts'
import { addExplain } from './explain.ts'
import { addEmit } from './emit.ts'
import { addFindings } from './findings.ts'
import { addGroups } from './groups.ts'
import { addIncidents } from './incidents.ts'
import { addIngestKeys } from './ingest-keys.ts'
import { addInhibitions, addSilences } from './muting.ts'
import { addNotifications } from './notifications.ts'
import { addOrganisationalUnits } from './organisational-units.ts'
import { addLogin, addLogout } from './login.ts'
import { addOrganisations } from './organisations.ts'
import { addPassword } from './password.ts'
import { addPattern } from './pattern.ts'
import { addRoles } from './roles.ts'
import { addRules } from './rules.ts'
import { addSample } from './sample.ts'
import { addServices } from './services.ts'
import { addSearch } from './search.ts'
import { addSecondFactor } from './second-factor.ts'
import { addSessions } from './sessions.ts'
import { addSpikes } from './spikes.ts'
import { addStatus } from './status.ts'
import { addTail } from './tail.ts'
import { addTargets } from './targets.ts'
import { addTasks } from './tasks.ts'
import { addTokens } from './tokens.ts'
import { addTrace } from './trace.ts'
import { addTrail } from './trail.ts'
import { addUsers } from './users.ts'
import { addViews } from './views.ts'
import { addVolume } from './volume.ts'
import { addWebhookSecrets } from './webhook-secrets.ts'
import { addWhoami } from './whoami.ts'
import { addWhy } from './why.ts'

const FAILED = 1
const MISUSED = 2

const AFTER_HELP = `
Where the hub is: --url, else BELFRY_URL, else what the data folder says,
  else http://127.0.0.1:4100.
Who calls: the access key of the profile in the data folder's "credentials".
  --data and --profile may also be set as BELFRY_DATA and BELFRY_PROFILE;
  BELFRY_SESSION holds the session token of "belfry login" instead.

Examples:
  belfry sample                       # an example organisation, and AWS events
  belfry tail                         # watch events arrive
  belfry tail --source aws.ec2 --json | jq .event
  belfry explain 6a7e8feb-b491-4cf7-a9f1-bf3703467718
  belfry pattern explain --pattern rule.json --event event.json
  belfry targets preview --target target.json --event event.json
  belfry accounts create 444455556666 --name payments-prod
  belfry users create ana@example.com --role customer_admin
  belfry dead-letters redrive --all --dry-run

Exit status:
  0  done
  1  the hub refused or could not be reached; standard error says why
  2  the command was called wrongly`

await main()

async function main(): Promise<void> {
  stopWithReader()
  try {
    await program().parseAsync()
  } catch (error) {
    process.exitCode = statusOf(error)
  }
}

function program(): Command {
  const belfry = new Command('belfry')
    .description('Belfry hears what happens in your cloud and tells who needs to know.')
    .version(VERSION, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError('See --help.')
    .configureHelp({
      showGlobalOptions: true,
      styleTitle: (title) => styleText('bold', title),
      optionDescription: (option) => {
        const description = new Help().optionDescription(option)
        return option.mandatory ? `${description} (required)`.trim() : description
      },
    })
    .configureOutput({ outputError: (text, write) => write(faultText(text)) })
    .option('--url <url>', 'address of the hub')
    .option('--data <folder>', 'data folder of the hub (default: .belfry)')
    .option('--profile <name>', 'whom to call as (default: operator)')
    .option('--json', 'answer in JSON')
    .addHelpText('after', AFTER_HELP)
  belfry.commandsGroup('The hub:')
  addStart(belfry)
  addStatus(belfry)
  addSample(belfry)
  belfry.commandsGroup('Events:')
  addTail(belfry)
  addSearch(belfry)
  addExplain(belfry)
  addTrace(belfry)
  addWhy(belfry)
  addVolume(belfry)
  addEmit(belfry)
  addCatalogue(belfry)
  addPattern(belfry)
  addRules(belfry)
  addTargets(belfry)
  addWebhookSecrets(belfry)
  addChannels(belfry)
  addNotifications(belfry)
  addIncidents(belfry)
  addSilences(belfry)
  addInhibitions(belfry)
  addDeadLetters(belfry)
  belfry.commandsGroup('Costs and compliance:')
  addViews(belfry)
  addBudgets(belfry)
  addSpikes(belfry)
  addCosts(belfry)
  addFindings(belfry)
  addCompliance(belfry)
  belfry.commandsGroup('The tenancy:')
  addCustomers(belfry)
  addOrganisations(belfry)
  addOrganisationalUnits(belfry)
  addAccountTypes(belfry)
  addAccounts(belfry)
  addUsers(belfry)
  addRoles(belfry)
  addGroups(belfry)
  addServices(belfry)
  addTasks(belfry)
  addTokens(belfry)
  addIngestKeys(belfry)
  addEventSources(belfry)
  addTrail(belfry)
  belfry.commandsGroup('Who you are:')
  addWhoami(belfry)
  addLogin(belfry)
  addLogout(belfry)
  addSessions(belfry)
  addSecondFactor(belfry)
  addPassword(belfry)
  belfry.commandsGroup('Help:')
  addHelp(belfry)
  for (const command of belfry.commands) nameHelp(command)
  return belfry
}

/** Groups of commands have commander's own help command, in the words of the others. */
function nameHelp(command: Command): void {
  if (command.commands.length === 0) return
  command.helpCommand('help [command]', 'show help, of one command too')
  for (const below of command.commands) nameHelp(below)
}

/** Commander's own shows the help of the whole for a command that there is not. */
function addHelp(belfry: Command): void {
  belfry
    .command('help')
    .description('show help, of one command too')
    .argument('[command...]', 'such as accounts, or accounts list')
    .action((names: readonly string[]) => {
      let shown = belfry
      for (const name of names) {
        const found = shown.commands.find((one) => [one.name(), ...one.aliases()].includes(name))
        if (found === undefined) throw new UsageFault(`unknown command '${names.join(' ')}'`)
        shown = found
      }
      shown.outputHelp()
    })
}

/** For the help: the program that runs this one has started the hub when "start" came first. */
function addStart(belfry: Command): void {
  belfry
    .command('start')
    .description('start the hub in this terminal')
    .action(() => {
      throw new UsageFault('"start" comes first: belfry start [options]')
    })
}

function statusOf(error: unknown): number {
  if (error instanceof CommanderError) {
    // Help and version that were asked for are no errors; commander has said what is.
    return error.exitCode === 0 ? 0 : MISUSED
  }
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(faultText(`error: ${message}\n`))
  return error instanceof UsageFault ? MISUSED : FAILED
}

function faultText(text: string): string {
  return text.replace(/^error:/, styleText('red', 'error:', { stream: process.stderr }))
}

/** A reader that has enough, such as `head`, ends the command without a word. */
function stopWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  }
}
