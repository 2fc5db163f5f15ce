import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { Check } from 'typebox/value'

import { Email, UserRole } from '#src/model/tenancy.ts'
import type { User } from '#src/model/tenancy.ts'
import { action, givenOnly } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import { addListCommand } from './list-command.ts'
import { fields } from './output.ts'
import type { Column } from './output.ts'
import { readPassword } from './password-input.ts'
import { organisationBy, segmentOf, userBy, viewBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

const STATUSES = ['ACTIVE', 'DISABLED']
const REFERENCE = 'e-mail or id'
const PASSWORD_HELP = 'read the password from standard input (12 characters or more)'

export function addUsers(program: Command): void {
  const users = program
    .command('users')
    .description('list, show, create, update, delete users, and help them sign in')

  addListCommand<User>(users, {
    path: '/users',
    description: 'list users',
    none: 'no users: add one with "belfry users create"',
    columns: COLUMNS,
    lastColumns: [ID_COLUMN],
  })

  users
    .command('show')
    .description('show a user')
    .argument('<user>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const user = await userBy(hub, reference)
        await output.show(user, () => shown(user))
      }),
    )

  addCreate(users)
  addUpdate(users)
  addActions(users)
  addDefaultSegment(users)
}

interface DefaultSegmentOptions {
  readonly view?: string
  readonly segment?: string
  readonly none?: true
}

function addDefaultSegment(users: Command): void {
  users
    .command('default-segment')
    .description('show or set the segment that what a user is told by e-mail is narrowed to')
    .argument('<user>', REFERENCE)
    .option('--view <view>', 'its name, number or id; with --segment')
    .option('--segment <segment>', 'its title or id')
    .option('--none', 'tell the user of all segments again')
    .action(
      action<DefaultSegmentOptions>(async ({ hub, output, options }, reference: string) => {
        const { view: viewReference, segment, none } = options
        const { id } = await userBy(hub, reference)
        const path = `/users/${id}/default-segment`
        if (none) {
          await hub.delete(path)
          await output.show({ deleted: id }, () => `${reference} is told of all segments`)
          return
        }
        if ((viewReference === undefined) !== (segment === undefined)) {
          throw new UsageFault('--view and --segment go together')
        }
        if (viewReference === undefined || segment === undefined) {
          const found = await hub.get<Readonly<Record<string, string>>>(path)
          await output.show(found, () =>
            fields({ view: found['viewId'], segment: found['segmentId'] }),
          )
          return
        }
        const view = await viewBy(hub, viewReference)
        const given = { viewId: view.id, segmentId: segmentOf(view, segment).id }
        const set = await hub.put<object>(path, given)
        await output.show(set, () => `${reference} is told of ${segment} in ${view.name} alone`)
      }),
    )
}

interface UserAction {
  readonly name: string
  readonly description: string
  readonly act: (hub: HubClient, path: string) => Promise<unknown>
  /** Of the answer: its name for programs, and what is said to people before the e-mail. */
  readonly done: readonly [key: string, words: string]
}

/** What is done to a user without further ado. */
const ACTIONS: readonly UserAction[] = [
  {
    name: 'delete',
    description: 'delete a user; its e-mail is free again',
    act: (hub, path) => hub.delete(path),
    done: ['deleted', 'deleted'],
  },
  {
    name: 'unlock',
    description: 'let a user try again that failed sign-ins have locked',
    act: (hub, path) => hub.post(`${path}/unlock`, {}),
    done: ['unlocked', 'unlocked'],
  },
  {
    name: 'sign-out',
    description: 'end all sessions of a user',
    act: (hub, path) => hub.delete(`${path}/sessions`),
    done: ['signedOut', 'signed out'],
  },
  {
    name: 'reset-second-factor',
    description: 'take away the second factor of a lost device',
    act: (hub, path) => hub.delete(`${path}/second-factor`),
    done: ['secondFactorReset', 'took away the second factor of'],
  },
]

function addActions(users: Command): void {
  for (const { name, description, act, done } of ACTIONS) {
    const [key, words] = done
    users
      .command(name)
      .description(description)
      .argument('<user>', REFERENCE)
      .action(
        action(async ({ hub, output }, reference: string) => {
          const { id, email } = await userBy(hub, reference)
          await act(hub, `/users/${id}`)
          await output.show({ [key]: id }, () => `${words} ${email}`)
        }),
      )
  }
}

interface UserOptions {
  readonly firstName?: string
  readonly lastName?: string
  readonly role?: string
  readonly status?: string
  readonly passwordStdin?: boolean
  readonly password?: boolean
  readonly organisation?: string
}

function addCreate(users: Command): void {
  users
    .command('create')
    .description('create a user')
    .argument('<e-mail>', 'such as ana@example.com', emailAddress)
    .addOption(
      new Option('--role <role>', 'what the user may do')
        .choices([...UserRole.enum])
        .makeOptionMandatory(),
    )
    .option('--first-name <name>')
    .option('--last-name <name>')
    .option('--password-stdin', PASSWORD_HELP)
    .option('--no-password', 'do not ask: without a password the user cannot log in')
    .option('--organisation <organisation>', 'whose it is: id or alias')
    .addHelpText('after', '\nOn a terminal the password is asked for; it is never an argument.')
    .action(
      action<UserOptions>(async ({ hub, output, options }, email: string) => {
        const { firstName = '', lastName = '', role } = options
        const organisation = await organisationBy(hub, options.organisation)
        const password = await newPassword(options)
        const given = { organisationId: organisation.id, email, firstName, lastName, role }
        const user = await hub.post<User>('/users', { ...given, ...givenOnly({ password }) })
        await output.show(user, () => shown(user))
        if (password === undefined) output.note('the user has no password and cannot log in yet')
      }),
    )
}

function addUpdate(users: Command): void {
  users
    .command('update')
    .description("change a user's names, role, status or password")
    .argument('<user>', REFERENCE)
    .option('--first-name <name>')
    .option('--last-name <name>')
    .addOption(new Option('--role <role>', 'what the user may do').choices([...UserRole.enum]))
    .addOption(new Option('--status <status>', 'DISABLED: may not log in').choices(STATUSES))
    .option('--password-stdin', `${PASSWORD_HELP}; on a terminal it asks`)
    .action(
      action<UserOptions>(async ({ hub, output, options }, reference: string) => {
        const { firstName, lastName, role, status, passwordStdin } = options
        const change = givenOnly({ firstName, lastName, role, status })
        if (Object.keys(change).length === 0 && !passwordStdin) {
          throw new UsageFault('nothing to change: see "belfry users update --help"')
        }
        const { id } = await userBy(hub, reference)
        const password = passwordStdin ? await readPassword('New password: ') : undefined
        const user = await hub.patch<User>(`/users/${id}`, {
          ...change,
          ...givenOnly({ password }),
        })
        await output.show(user, () => shown(user))
      }),
    )
}

function emailAddress(text: string): string {
  if (Check(Email, text)) return text
  throw new InvalidArgumentError('It must be an e-mail address such as ana@example.com.')
}

async function newPassword(options: UserOptions): Promise<string | undefined> {
  if (options.passwordStdin) return readPassword('Password: ')
  if (options.password === false || !process.stdin.isTTY) return undefined
  return (await readPassword('Password (empty: none): ')) || undefined
}

const COLUMNS: readonly Column<User>[] = [
  { title: 'E-MAIL', text: ({ email }) => email, style: () => 'cyan' },
  { title: 'NAME', text: fullName },
  { title: 'ROLE', text: ({ role }) => role },
  {
    title: 'STATUS',
    text: ({ status, lockedUntil }) => (lockedUntil ? `${status}, locked` : status),
    style: ({ status, lockedUntil }) => (status === 'ACTIVE' && !lockedUntil ? 'green' : 'yellow'),
  },
]
const ID_COLUMN: Column<User> = {
  title: 'ID',
  text: ({ id }) => id,
  style: () => 'dim',
  optional: true,
}

function fullName({ firstName, lastName }: User): string {
  return `${firstName} ${lastName}`.trim()
}

function signInOf({ authOrigin, passwordSet }: User): string {
  if (authOrigin === 'oidc') return 'with the OpenID provider'
  return passwordSet === false ? 'not possible: no password is set' : 'with a password'
}

function shown(user: User): string {
  return fields(
    {
      'e-mail': user.email,
      name: fullName(user) || undefined,
      role: user.role,
      status: user.status,
      id: user.id,
      'sign-in': signInOf(user),
      locked: user.lockedUntil === undefined ? undefined : `until ${localMoment(user.lockedUntil)}`,
      'second factor': user.mfaEnabled === null ? undefined : user.mfaEnabled ? 'yes' : 'no',
      organisation: user.organisationId ?? 'every one: administers the hub',
      created: localMoment(user.createdAt),
      changed: localMoment(user.modifiedAt),
    },
    { 'e-mail': 'cyan' },
  )
}
