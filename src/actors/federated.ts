import type { Case, Verdict } from './verdict.ts'

/** A user as an identity provider names it. */
export interface FederatedUser {
  /** Name or ARN. */
  readonly provider: string
  readonly user: string
}

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):(.+)$/
/** Providers that vouch for programs, never for people. */
const PROGRAMS: readonly (readonly [provider: RegExp, what: string])[] = [
  [/(^|\/)token\.actions\.githubusercontent\.com/, 'workflows of GitHub Actions'],
  [/(^|\/)oidc\.eks\.[\w-]+\.amazonaws\.com/, 'pods of an EKS cluster'],
]

/** Whom an identity provider has vouched for: a person, or a program of those that it knows. */
export async function federated(
  { names }: Case,
  { provider, user }: FederatedUser,
): Promise<Verdict> {
  const through = providerName(provider)
  const vouched = `the identity provider ${through} vouched for "${user}"`
  const [, namespace, account] = SERVICE_ACCOUNT.exec(user) ?? []
  if (namespace !== undefined) {
    const step = `that is the service account ${account} of the Kubernetes namespace ${namespace}`
    const name = `${namespace}/${account}`
    return { kind: 'workload', name, through, confidence: 'certain', steps: [vouched, step] }
  }
  const what = PROGRAMS.find(([form]) => form.test(through))?.[1]
  if (what !== undefined) {
    const step = `that provider vouches for ${what}`
    return { kind: 'workload', name: user, through, confidence: 'certain', steps: [vouched, step] }
  }
  const person = await names.person(user)
  const steps = [vouched, ...person.steps]
  return { kind: 'person', ...person, through, confidence: 'likely', steps }
}

/** `arn:aws:iam::111122223333:oidc-provider/<provider>` is `<provider>`. */
function providerName(provider: string): string {
  return /^arn:[^/]*:(?:oidc|saml)-provider\/(.+)$/.exec(provider)?.[1] ?? provider
}
