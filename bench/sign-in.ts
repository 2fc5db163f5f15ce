import { createPasswords } from '#src/tenancy/passwords.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../test/hub-process.ts'
import { createOrganisation } from '../test/organisation.ts'
import { restAs } from '../test/rest-caller.ts'

const USERS = 8
/** As many as Node's thread pool has threads: each is at one password at a time. */
const AT_ONCE = 4
const MEASURED_MS = 4_000
const WARM_UP_MS = 1_000
const ROUNDS = Number(process.env['ROUNDS'] ?? 3)
const PASSWORD = 'a password of some length'

export interface SignInFigure {
  readonly signInsPerSecond: number
  readonly ratioToBareScrypt: number
}

/**
 * Figure 6: users sign in with their passwords, against a loop that only checks the same password.
 * The two take turns; the median round counts.
 */
export async function benchSignIn(): Promise<SignInFigure> {
  const folder = newDataFolder()
  const hub = await startHubProcess(folder)
  const { organisationId } = await createOrganisation(hub)
  const emails = Array.from({ length: USERS }, (_, number) => `user${number}@example.com`)
  for (const email of emails) {
    const names = { firstName: 'Ada', lastName: 'Lovelace', role: 'customer_user' }
    const given = { organisationId, email, ...names, password: PASSWORD }
    const { status, body } = await hub.rest('POST', '/users', given)
    if (status !== 201) throw new Error(JSON.stringify(body))
  }
  const passwords = createPasswords({ atOnce: AT_ONCE })
  const hash = await passwords.hash(PASSWORD)
  const bare = async () => {
    if (!(await passwords.matches(PASSWORD, hash))) throw new Error('the password does not match')
  }
  let next = 0
  const signIn = async () => {
    const email = emails[(next += 1) % USERS]
    const { status, body } = await restAs(hub, undefined, [
      ...(['POST', '/sessions', { email, password: PASSWORD }] as const),
    ])
    if (status !== 201) throw new Error(JSON.stringify(body))
  }

  await perSecond(signIn, WARM_UP_MS)
  const rounds: SignInFigure[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const barePerSecond = await perSecond(bare, MEASURED_MS)
    const signInsPerSecond = await perSecond(signIn, MEASURED_MS)
    const ratioToBareScrypt = signInsPerSecond / barePerSecond
    rounds.push({ signInsPerSecond, ratioToBareScrypt })
    console.log(
      `  round ${round + 1}: bare scrypt ${barePerSecond.toFixed(1)}/s, Belfry ${signInsPerSecond.toFixed(1)}/s, ratio ${ratioToBareScrypt.toFixed(2)}`,
    )
  }
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
  const byRatio = rounds.toSorted((a, b) => a.ratioToBareScrypt - b.ratioToBareScrypt)
  return byRatio[Math.floor(ROUNDS / 2)] as SignInFigure
}

async function perSecond(act: () => Promise<void>, durationMs: number): Promise<number> {
  const startedAt = performance.now()
  let done = 0
  const loop = async () => {
    while (performance.now() - startedAt < durationMs) {
      await act()
      done += 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, loop))
  return done / ((performance.now() - startedAt) / 1_000)
}
