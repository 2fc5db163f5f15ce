import { networkInterfaces } from 'node:os'

import { IPV4, IPV6, LONG_LOOPBACK, SOME_IPV4, spelled, wrapped } from './hostile-addresses.ts'
import type { HostileAddress, Leads } from './hostile-addresses.ts'
import { HOSTILE_NAMES } from './hostile-names.ts'

/** A URL that the hub must never follow unless its operator allows private targets. */
export interface HostileUrl {
  readonly url: string
  /**
   * Whether a hub that allows private targets takes it; undefined where that is a matter of form,
   * on which its doors differ.
   */
  readonly allowed: boolean | undefined
  /** Where a client arrives that takes the URL as `URL` reads it. */
  readonly leads: Leads
  /** Its name has to be resolved first: a door cannot know where it leads. */
  readonly resolved: boolean
}

/** A public address: what is forbidden about a URL with it is something else. */
export const PUBLIC = '8.8.8.8'

/** Services that run unprotected behind these, and some of the privileged ports. */
export const FORBIDDEN_PORTS: readonly number[] = [
  ...[1, 7, 9, 19, 21, 22, 23, 25, 53, 69, 79, 110, 111, 135, 139, 143, 389, 445, 465, 514, 587],
  ...[636, 873, 993, 1023, 1433, 1434, 1521, 1883, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389],
  ...[4222, 5432, 5671, 5672, 6379, 6380, 8883, 9042, 9092, 9300, 10250, 10255, 11211, 25672],
  ...[26379, 27017, 33060, 61613, 61616],
]

const URL_CHARACTERS_MAX = 8_192

interface About {
  /** Of those whose scheme is not what is hostile about them. */
  readonly scheme: 'http' | 'https'
  /** Where a canary listens. */
  readonly port: number
  /** Whose they are: part of each path, so that the canary can tell. */
  readonly of: string
}

/** All of them, each with a path of its own by which the canary knows it. */
export function hostileUrls(about: About): readonly HostileUrl[] {
  const all = [
    ...addresses(about),
    ...names(about),
    ...disguises(about),
    ...schemes(about),
    ...ports(about),
    ...malformed(about),
  ]
  return all.map((one, index) => ({
    ...one,
    url: one.url.replace(AT_PATH, `/${about.of}-${index}/`),
  }))
}

const AT_PATH = '/#PATH'

function hostile(
  url: string,
  { allowed, leads }: Pick<HostileUrl, 'allowed' | 'leads'>,
  resolved = false,
): HostileUrl {
  return { url, allowed, leads, resolved }
}

function addresses({ scheme, port }: About): HostileUrl[] {
  const at = (host: string, about: Pick<HostileAddress, 'allowed' | 'leads'>) =>
    hostile(`${scheme}://${host}:${port}${AT_PATH}`, about)
  const plain = IPV4.map((about) => at(about.address, about))
  const around = SOME_IPV4.flatMap((about) =>
    wrapped(about).map(([host, more]) => at(host, { ...about, ...more })),
  )
  const disguised = ['127.0.0.1', '10.0.0.5', '169.254.169.254', '168.63.129.16'].flatMap(
    (address) => {
      const about = IPV4.find((one) => one.address === address) as HostileAddress
      return spelled(address).map(([host]) => at(host, about))
    },
  )
  const sixes = [...IPV6, ...LONG_LOOPBACK].map((about) => at(`[${about.address}]`, about))
  return [...plain, ...around, ...disguised, ...sixes, ...own(at)]
}

/** Of the network interfaces of the machine that runs the test. */
function own(at: (host: string, about: HostileAddress) => HostileUrl): HostileUrl[] {
  return Object.values(networkInterfaces())
    .flatMap((found = []) => found)
    .filter(({ address }) => !/^(?:127\.|::1$|fe80:)/.test(address))
    .map(({ address, family }) => {
      const host = family === 'IPv6' ? `[${address}]` : address
      // A documentation address, such as sandboxes have, stays refused.
      const allowed = !/^(?:192\.0\.2|198\.51\.100|203\.0\.113)\./.test(address)
      return at(host, { address, allowed, leads: 'here' })
    })
}

function names({ scheme, port }: About): HostileUrl[] {
  const at = (host: string) => `${scheme}://${host}:${port}${AT_PATH}`
  const here = { allowed: true, leads: 'here' } as const
  const nowhere = { allowed: true, leads: 'nowhere' } as const
  const never = { allowed: false, leads: 'nowhere' } as const
  const known = [
    'localhost',
    'LOCALHOST',
    'LocalHost',
    'ｌｏｃａｌｈｏｓｔ',
    'loc%61lhost',
    'local\u00adhost',
  ]
  const others = ['a.localhost', 'a.b.localhost', 'localhost.localdomain', 'localhost4']
  const sixes = ['localhost6', 'ip6-localhost', 'ip6-loopback', 'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ.localdomain']
  const dotted = ['localhost.', 'a.localhost.', 'example.com.', 'loopback.hostile.test.']
  const metadata = ['metadata.google.internal', 'METADATA.google.internal', 'metadata.goog']
  const more = [
    'metadata.google.internal.',
    'instance-data.ec2.internal',
    'metadata.tencentyun.com',
  ]
  return [
    ...known.map((host) => hostile(at(host), here)),
    ...[...others, ...sixes].map((host) => hostile(at(host), nowhere)),
    ...[...dotted, ...metadata, ...more].map((host) => hostile(at(host), never)),
    ...HOSTILE_NAMES.map(({ name, ...about }) => hostile(at(name), about, true)),
  ]
}

/** What one reader of a URL takes for its host, and another does not. */
function disguises({ scheme, port }: About): HostileUrl[] {
  const to = `127.0.0.1:${port}`
  const here = (url: string, allowed?: boolean) => hostile(url, { allowed, leads: 'here' })
  const userinfo = [
    ...['user@', 'user:secret@', ':secret@', '%00@', `${PUBLIC}@`, `${PUBLIC}:80@`, 'a:b:c@'],
    ...[
      'example.com%23@',
      'example.com%2f@',
      'example.com%5c@',
      'example.com&@',
      'a@b@',
      '\u00e9@',
    ],
    ...['[::1]@', 'example.com;@', 'example.com,@'].map((text) => encodeURI(text)),
  ]
  const controls = ['\t', '\n', '\r', '\r\n']
  return [
    ...userinfo.map((user) => here(`${scheme}://${user}${to}${AT_PATH}`, false)),
    ...controls.flatMap((control) => [
      here(`${scheme}://127.0.${control}0.1:${port}${AT_PATH}`, false),
      here(`${scheme.slice(0, 2)}${control}${scheme.slice(2)}://${to}${AT_PATH}`, false),
      here(`${scheme}:/${control}/${to}${AT_PATH}`, false),
      here(`${scheme}://${to}${AT_PATH}${control}`, false),
      here(`${scheme}://${to}${AT_PATH} HTTP/1.1${control}Host: a${control}${control}`, false),
    ]),
    here(`\u0000${scheme}://${to}${AT_PATH}`, false),
    here(`${scheme}:\\\\${to}${AT_PATH}`, false),
    here(`${scheme}:/\\${to}${AT_PATH}`, false),
    here(`${scheme}://${to}\\@${PUBLIC}/`, false),
    here(`${scheme}://${to}\\.example.com/`, false),
    here(`${scheme}://${to}${AT_PATH}\\..\\`, false),
    hostile(`${scheme}://${PUBLIC}\\@${to}/`, { allowed: false, leads: 'nowhere' }),
    ...['#', '#@example.com/', '#.example.com', '#%40example.com'].map((part) =>
      here(`${scheme}://${to}${AT_PATH}${part}`, false),
    ),
    here(`${scheme}://${to}/${'a'.repeat(URL_CHARACTERS_MAX)}`, false),
    here(`${scheme}://${to}/?${'a=b&'.repeat(URL_CHARACTERS_MAX / 4)}`, false),
    // Matters of form: what a door takes of these is judged as the address that it is.
    here(`${scheme}:${to}${AT_PATH}`),
    here(`${scheme}:/${to}${AT_PATH}`),
    here(`${scheme}:///${to}${AT_PATH}`),
    here(`${scheme}:////${to}${AT_PATH}`),
    here(` ${scheme}://${to}${AT_PATH}`),
    here(`${scheme}://${to}${AT_PATH} `),
    here(`${scheme.toUpperCase()}://${to}${AT_PATH}`),
    here(`${scheme}://${to}?@example.com/`),
    here(`${scheme}://${to}${AT_PATH}%0d%0aHost:%20example.com`),
    here(`${scheme}://${to}${AT_PATH}?a=%00%0a`),
    here(`${scheme}://${to}${AT_PATH}/..;/%2e%2e/`),
  ]
}

function schemes({ port }: About): HostileUrl[] {
  const to = `127.0.0.1:${port}`
  const nowhere = { allowed: false, leads: 'nowhere' } as const
  const named =
    'ftp gopher dict ldap tftp ssh telnet ws wss redis rsync jar netdoc unix smb imap pop3 file ' +
    'http+unix view-source'
  return [
    ...named.split(' ').map((scheme) => `${scheme}://${to}/`),
    ...['file:///etc/passwd', 'file:///../../etc/passwd', 'file://localhost/etc/passwd'],
    ...['file:/etc/passwd', 'file:%2f%2f%2fetc/passwd', 'data:text/plain,x', 'data:,x'],
    ...['javascript:alert(1)', `blob:http://${to}/1`, `url:http://${to}/`, `jar:http://${to}!/a`],
    ...[
      `view-source:http://${to}/`,
      `//${to}/`,
      `${to}/`,
      '/path',
      `\\\\${to}\\share`,
      'about:blank',
    ],
  ].map((url) => hostile(url, nowhere))
}

/** On a public address: it is the port that is refused. */
function ports({ scheme }: About): HostileUrl[] {
  return [
    ...FORBIDDEN_PORTS.map((port) =>
      hostile(`${scheme}://${PUBLIC}:${port}${AT_PATH}`, { allowed: false, leads: 'there' }),
    ),
    ...['0', '00025', '06379', '65536', '99999', '-1', '8o80', '+22', '22 ', '%32%32'].map((port) =>
      hostile(`${scheme}://${PUBLIC}:${port}/`, { allowed: false, leads: 'nowhere' }),
    ),
  ]
}

function malformed({ scheme, port }: About): HostileUrl[] {
  const hosts = [
    ...['', '[::1', '::1]', '[::1]]', '[[::1]]', '[fe80::1%25lo]', '[fe80::1%lo]', '[::1%25lo]'],
    ...['[::1%lo]', '[::ffff:127.0.0.1%lo]', '[::ffff:0x7f.1]', '[::127.1]', '[127.0.0.1]'],
    ...['256.0.0.1', '127.0.0.256', '1.2.3.4.5', '0x100000000', '127.0.0.08', '0x7f.0.0.0x1g.1'],
    ...['127.0.0.1%00.example.com', '127.0.0.1%0d%0a', '127.0.0.1 example.com', 'exa mple.com'],
    ...['127.0.0.1|example.com', '127.0.0.1<', '127.0.0.1^', '127.0.0.1%', '%', 'a..1'],
  ]
  return hosts.map((host) =>
    hostile(`${scheme}://${host}:${port}/`, { allowed: false, leads: 'nowhere' }),
  )
}
