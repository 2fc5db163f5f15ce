import { isIP } from 'node:net'
import { refusalOfAddress } from './address-policy.ts'

export type UrlVerdict =
  | { readonly ok: true; readonly url: URL }
  | { readonly ok: false; readonly message: string }

/** Servers commonly take 8 KiB of request line and headers. */
const URL_CHARS_MAX = 8_192

/** Ports of 1024 and more are for everyone, except where only another protocol can be meant. */
const UNPRIVILEGED_PORT_MIN = 1_024
const PRIVILEGED_PORTS_ALLOWED: ReadonlySet<number> = new Set([80, 443])

/**
 * Databases, brokers and control planes that run unprotected in many networks. Those that people
 * do deliver to over HTTP (Elasticsearch, ClickHouse, InfluxDB) are left to the address policy.
 */
const PORT_OWNERS: ReadonlyMap<number, string> = new Map([
  [1433, 'SQL Server'],
  [1434, 'SQL Server'],
  [1521, 'Oracle Database'],
  [1883, 'MQTT'],
  [2049, 'NFS'],
  [2181, 'ZooKeeper'],
  [2375, 'the Docker API'],
  [2376, 'the Docker API'],
  [2379, 'etcd'],
  [2380, 'etcd'],
  [3306, 'MySQL'],
  [3389, 'RDP'],
  [4222, 'NATS'],
  [4369, 'Erlang epmd'],
  [5432, 'PostgreSQL'],
  [5671, 'AMQP'],
  [5672, 'AMQP'],
  [6222, 'NATS'],
  [6379, 'Redis'],
  [6380, 'Redis'],
  [8883, 'MQTT'],
  [9042, 'Cassandra'],
  [9092, 'Kafka'],
  [9093, 'Kafka'],
  [9094, 'Kafka'],
  [9300, 'Elasticsearch transport'],
  [10250, 'the kubelet'],
  [10255, 'the kubelet'],
  [11211, 'memcached'],
  [25672, 'RabbitMQ'],
  [26257, 'CockroachDB'],
  [26379, 'Redis Sentinel'],
  [27017, 'MongoDB'],
  [27018, 'MongoDB'],
  [27019, 'MongoDB'],
  [33060, 'MySQL'],
  [61613, 'STOMP'],
  [61616, 'ActiveMQ'],
])

/** RFC 6761 gives `localhost` and all below it to loopback; the others are from /etc/hosts. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set([
  'localhost',
  'localhost.localdomain',
  'localhost4',
  'localhost6',
  'ip6-localhost',
  'ip6-loopback',
])

const METADATA_NAMES: ReadonlySet<string> = new Set([
  'metadata.google.internal',
  'metadata.goog',
  'instance-data.ec2.internal',
  'metadata.tencentyun.com',
])

// `URL` drops tabs and line breaks and turns `\` into `/`; other parsers do not, and a URL that
// two parsers read differently is the classic way around a check.
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const AMBIGUOUS = /[\u0000-\u001f\u007f\\]/

/**
 * Parses a URL and judges all of it that can be judged without DNS. Names are judged a second
 * time when they are resolved; for addresses this is the check, node never resolves those.
 */
export function checkUrl(text: string, allowPrivateTargets: boolean): UrlVerdict {
  if (text.length > URL_CHARS_MAX) {
    return refused(`a URL of ${text.length} characters`, `shorten it to ${URL_CHARS_MAX}`)
  }
  if (AMBIGUOUS.test(text)) {
    return refused('a URL with a control character or backslash', 'remove or percent-encode it')
  }
  const url = URL.parse(text)
  if (url === null) {
    return refused('something that is not a URL', 'write it as "https://host/path"')
  }
  const message = refusalOfParts(url, allowPrivateTargets)
  return message === undefined ? { ok: true, url } : { ok: false, message }
}

/**
 * The one wording of an address refusal. `found` tells what is there and not under which number:
 * whoever may set a target would learn what the names of the hub's own network resolve to.
 */
export function refusalMessage(host: string, found: string, isPrivateTarget: boolean): string {
  const advice = isPrivateTarget
    ? 'start the hub with --allow-private-targets to allow it'
    : 'it is never allowed, choose another target'
  return `refused to connect to "${host}" (${found}); ${advice}`
}

function refusalOfParts(url: URL, allowPrivateTargets: boolean): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return `refused to send to a "${url.protocol}" URL; use "https:" or "http:"`
  }
  const origin = url.origin
  if (url.username !== '' || url.password !== '') {
    return `refused to send to "${origin}" (credentials in the URL); put them into a header`
  }
  // A lone "#" leaves `hash` empty, so the text decides.
  if (url.href.includes('#')) {
    return `refused to send to "${origin}" (a fragment is never sent); write "#" as "%23"`
  }
  return refusalOfPort(url) ?? refusalOfHost(url.hostname, allowPrivateTargets)
}

function refusalOfPort(url: URL): string | undefined {
  // Empty stands for the scheme's own port.
  if (url.port === '') return undefined
  const port = Number(url.port)
  const owner = PORT_OWNERS.get(port)
  if (owner !== undefined) {
    return `refused to connect to "${url.origin}" (port ${port} belongs to ${owner}); use another`
  }
  if (port >= UNPRIVILEGED_PORT_MIN || PRIVILEGED_PORTS_ALLOWED.has(port)) return undefined
  return `refused to connect to "${url.origin}" (privileged port); use 80, 443 or 1024 and up`
}

/** `hostname` as `URL` gives it: lower case, every spelling of an IPv4 address in dotted form. */
export function refusalOfHost(hostname: string, allowPrivateTargets: boolean): string | undefined {
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  if (isIP(host) !== 0) {
    const refusal = refusalOfAddress(host, allowPrivateTargets)
    return refusal && refusalMessage(host, refusal.what, refusal.isPrivateTarget)
  }
  const name = host.endsWith('.') ? host.slice(0, -1) : host
  if (METADATA_NAMES.has(name)) return refusalMessage(host, 'cloud metadata service', false)
  if (name !== host) {
    // The same host under a second spelling would pass name-based rules and split connections.
    return `refused to connect to "${host}" (dot at the end of the name); remove the dot`
  }
  if (!allowPrivateTargets && (LOOPBACK_NAMES.has(name) || name.endsWith('.localhost'))) {
    return refusalMessage(host, 'loopback name', true)
  }
  return undefined
}

function refused(found: string, advice: string): UrlVerdict {
  return { ok: false, message: `refused to send to ${found}; ${advice}` }
}
