import type { CheckResult } from '../check-result.ts'
import { ACCESS_ANALYZER, tellerIn } from './access-analyzer.ts'

/**
 * Services whose findings Security Hub has too, in ASFF and in OCSF: a finding that it brings is to be
 * the one that the service's own events tell of, so both are called the same.
 */

/** An ARN of Security Hub, such as `arn:aws:securityhub:us-east-1::productv2/aws/guardduty`. */
const PRODUCT = /^arn:[^:]*:securityhub:[^:]*:[^:]*:product(?:v2)?\/(?:[^/]+\/)*([^/]+)$/

/** By what Security Hub calls them: as their own events do. */
const SERVICES: Readonly<Record<string, string>> = {
  iamaccessanalyzer: 'access-analyzer',
  inspector: 'inspector2',
}

/** The service of a product, by its ARN in Security Hub. */
export function serviceOfProduct(arn: string | undefined): string | undefined {
  const product = PRODUCT.exec(arn ?? '')?.[1]
  return product && serviceOf(product)
}

/** The service that Security Hub calls so. */
export function serviceOf(product: string): string {
  return SERVICES[product] ?? product
}

/** Whether these services tell of what happened, at once, or of how things stand. */
const HAPPENED: Readonly<Record<string, boolean>> = {
  'access-analyzer': false,
  guardduty: true,
  inspector2: false,
  macie: false,
}
/** Types of what happened, by the namespaces that ASFF has for types. */
const HAPPENINGS = /^(TTPs|Effects|Unusual Behaviors)\//

/**
 * Whether something happened that no check could find, such as an attack.
 * @param type by ASFF's namespaces
 */
export function isHappening(service: string, type = ''): boolean {
  return HAPPENED[service] ?? HAPPENINGS.test(type)
}

/** Inspector's own types, by the end of those that Security Hub has. */
const INSPECTOR_TYPES: Readonly<Record<string, string>> = {
  CVE: 'PACKAGE_VULNERABILITY',
  'Network Reachability': 'NETWORK_REACHABILITY',
}

/** The kind of a finding that is no check, by its types in ASFF. */
export function kindByAsff(service: string, types: readonly string[]): string {
  // "TTPs/Initial Access/UnauthorizedAccess:EC2-SSHBruteForce"
  const kind = types[0]?.split('/').at(-1) ?? ''
  if (service === 'inspector2') return INSPECTOR_TYPES[kind] ?? kind
  // A slash of their own types would part namespaces.
  const hasSlash = service === 'guardduty' || service === 'macie'
  return hasSlash ? kind.replace(/(?<=^[^:]+:\w+)-/, '/') : kind
}

/** The kind of a finding that is no check, by its types in OCSF. */
export function kindByOcsf(service: string, types: readonly string[]): string {
  // GuardDuty and Macie have "Threats" and "Sensitive Data" beside their own, which have a colon.
  const type = types.find((one) => one.includes(':')) ?? types[0] ?? ''
  return service === 'inspector2' ? kindByAsff(service, [type]) : type
}

/**
 * A result of an event of Security Hub with whoever may tell of the same under another name. Of external
 * access Security Hub has one finding a resource, with an id that begins with the analyzer's ARN: it
 * stands for all that the analyzer has of the resource, and so for none of these (IAM User Guide,
 * "Integrate IAM Access Analyzer with AWS Security Hub"). What rules of AWS Config found it has by ARNs of
 * resources, of which AWS Config's own events know but a part, or an id that is none.
 */
export function bySecurityHub(result: CheckResult): CheckResult {
  const { checkedBy, incident, awsAccountId: account, region } = result
  const isOfRule = checkedBy === 'config' && account !== undefined && region !== undefined
  const ofAnalyzer = checkedBy === ACCESS_ANALYZER ? tellerIn(incident) : undefined
  const teller = isOfRule ? { account, region } : ofAnalyzer
  return teller === undefined ? result : { ...result, teller: { ...teller, isSecondHand: true } }
}
