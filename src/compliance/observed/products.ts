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
