import { describe, expect, it } from 'vitest'
import { checkUrl } from './url-policy.ts'

function refusal(url: string, allowPrivateTargets = false): string | undefined {
  const verdict = checkUrl(url, allowPrivateTargets)
  return verdict.ok ? undefined : verdict.message
}

const ALLOWED = [
  'https://example.com',
  'https://example.com/hooks?token=a%23b',
  'http://example.com/',
  'HTTPS://EXAMPLE.COM/',
  'https://example.com:443/',
  'http://example.com:80/',
  'https://example.com:80/',
  'https://example.com:1024/',
  'https://example.com:8443/',
  'https://example.com:9200/_bulk',
  'https://example.com:65535/',
  'https://bücher.example/',
  'https://xn--bcher-kva.example/',
  'https://localhost.example.com/',
  'https://notlocalhost/',
  'https://127.0.0.1.example.com/',
  'https://hooks/',
  'https://8.8.8.8/',
  'https://134744072/', // 8.8.8.8
  'https://[2606:4700:4700::1111]/',
  'https://[::ffff:8.8.8.8]/',
  'https://[64:ff9b::808:808]/',
]

const LOOPBACK_LITERALS = [
  'http://127.0.0.1/',
  'http://127.0.0.1:8080/',
  'http://127.1/',
  'http://127.0.1/',
  'http://2130706433/',
  'http://017700000001/',
  'http://0x7f000001/',
  'http://0x7f.1/',
  'http://0x7F.0x0.0x0.0x1/',
  'http://0177.0.0.1/',
  'http://0177.0.0.01/',
  'http://127.0.0.1./',
  'http://127.127.127.127/',
  'http://%31%32%37.0.0.1/',
  'http://127%2e0%2e0%2e1/',
  'http://127。0。0。1/',
  'http://127.0。0.1/',
  'http://１２７.０.０.１/',
  'http://①②⑦.⓪.⓪.①/',
  'http://[::1]/',
  'http://[0:0:0:0:0:0:0:1]/',
  'http://[0000:0000:0000:0000:0000:0000:0000:0001]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[::FFFF:7F00:0001]/',
  'http://[64:ff9b::7f00:1]/',
  'http:127.0.0.1/',
  'http:/127.0.0.1/',
  'http:///127.0.0.1/',
  '  http://127.0.0.1/  ',
]

const LOOPBACK_NAMES = [
  'http://localhost/',
  'http://LOCALHOST/',
  'http://LocalHost:8080/',
  'http://app.localhost/',
  'http://a.b.localhost/',
  'http://localhost.localdomain/',
  'http://localhost4/',
  'http://localhost6/',
  'http://ip6-localhost/',
  'http://ip6-loopback/',
  'http://ｌｏｃａｌｈｏｓｔ/',
  'http://loc%61lhost/',
  'http://local\u00adhost/', // a soft hyphen, which IDNA removes
]

const PRIVATE_LITERALS = [
  ['http://10.0.0.5/', 'private address'],
  ['http://167772165/', 'private address'],
  ['http://0xa000005/', 'private address'],
  ['http://012.0.0.5/', 'private address'],
  ['http://192.168.1.1/', 'private address'],
  ['http://192.168.257/', 'private address'],
  ['http://172.16.0.1/', 'private address'],
  ['http://[fd00::1]/', 'private address'],
  ['http://[::ffff:10.0.0.5]/', 'private address'],
  ['http://169.254.1.1/', 'link-local address'],
  ['http://[fe80::1]/', 'link-local address'],
] as const

const NEVER = [
  ['http://169.254.169.254/latest/meta-data/', 'cloud metadata address'],
  ['http://2852039166/', 'cloud metadata address'],
  ['http://0xa9fea9fe/', 'cloud metadata address'],
  ['http://0251.0376.0251.0376/', 'cloud metadata address'],
  ['http://169.254.43518/', 'cloud metadata address'],
  ['http://169.254.170.2/', 'cloud metadata address'],
  ['http://[::ffff:169.254.169.254]/', 'cloud metadata address'],
  ['http://[::ffff:a9fe:a9fe]/', 'cloud metadata address'],
  ['http://[fd00:ec2::254]/', 'cloud metadata address'],
  ['http://100.100.100.200/', 'cloud metadata address'],
  ['http://168.63.129.16/', 'cloud metadata address'],
  ['http://metadata.google.internal/', 'cloud metadata service'],
  ['http://METADATA.google.internal/', 'cloud metadata service'],
  ['http://metadata.google.internal./', 'cloud metadata service'],
  ['http://metadata.goog/', 'cloud metadata service'],
  ['http://instance-data.ec2.internal/', 'cloud metadata service'],
  ['http://0/', 'reserved address'],
  ['http://0.0.0.0/', 'reserved address'],
  ['http://0x0/', 'reserved address'],
  ['http://[::]/', 'reserved address'],
  ['http://[::127.0.0.1]/', 'reserved address'],
  ['http://[2002:7f00:1::]/', 'reserved address'],
  ['http://[2001:0:7f00:1::]/', 'reserved address'],
  ['http://224.0.0.1/', 'reserved address'],
  ['http://255.255.255.255/', 'reserved address'],
  ['http://4294967295/', 'reserved address'],
  ['http://localhost./', 'dot at the end of the name'],
  ['http://app.localhost./', 'dot at the end of the name'],
  ['https://example.com./', 'dot at the end of the name'],
  ['https://user@example.com/', 'credentials in the URL'],
  ['https://user:secret@example.com/', 'credentials in the URL'],
  ['https://:secret@example.com/', 'credentials in the URL'],
  ['http://8.8.8.8@127.0.0.1/', 'credentials in the URL'],
  ['http://127.0.0.1:80@example.com/', 'credentials in the URL'],
  ['https://example.com/#part', 'a fragment is never sent'],
  ['https://example.com/#', 'a fragment is never sent'],
  ['http://example.com#@127.0.0.1/', 'a fragment is never sent'],
  ['https://example.com\\@127.0.0.1/', 'backslash'],
  ['http:\\\\127.0.0.1/', 'backslash'],
  ['https://exa\tmple.com/', 'control character'],
  ['https://example.com/\r\nX-Header: 1', 'control character'],
  ['\u0000https://example.com/', 'control character'],
  ['file:///etc/passwd', '"file:" URL'],
  ['ftp://example.com/', '"ftp:" URL'],
  ['gopher://127.0.0.1:6379/_x', '"gopher:" URL'],
  ['javascript:alert(1)', '"javascript:" URL'],
  ['data:text/plain,x', '"data:" URL'],
  ['unix:/var/run/docker.sock', '"unix:" URL'],
  ['ws://example.com/', '"ws:" URL'],
  ['blob:https://example.com/1', '"blob:" URL'],
  ['', 'not a URL'],
  ['example.com', 'not a URL'],
  ['//example.com/', 'not a URL'],
  ['/path', 'not a URL'],
  ['http://', 'not a URL'],
  ['https:///', 'not a URL'],
  ['http://exa mple.com/', 'not a URL'],
  ['http://127.0.0.1%00.example.com/', 'not a URL'],
  ['http://256.256.256.256/', 'not a URL'],
  ['http://1.2.3.4.5/', 'not a URL'],
  ['http://0x100000000/', 'not a URL'],
  ['http://[::1/', 'not a URL'],
  ['http://[fe80::1%25eth0]/', 'not a URL'],
  ['http://example.com:65536/', 'not a URL'],
  ['http://example.com:1/', 'privileged port'],
  ['http://example.com:22/', 'privileged port'],
  ['http://example.com:25/', 'privileged port'],
  ['http://example.com:0/', 'privileged port'],
  ['http://example.com:1023/', 'privileged port'],
  ['http://example.com:0025/', 'privileged port'],
  ['http://example.com:2375/', 'the Docker API'],
  ['http://example.com:5432/', 'PostgreSQL'],
  ['http://example.com:6379/', 'Redis'],
  ['http://example.com:06379/', 'Redis'],
  ['http://example.com:9092/', 'Kafka'],
  ['http://example.com:11211/', 'memcached'],
  ['http://example.com:27017/', 'MongoDB'],
  ['https://example.com/' + 'a'.repeat(8_192), '8212 characters'],
] as const

describe('with private targets refused', () => {
  it.each(ALLOWED)('%j is allowed', (url) => {
    expect(refusal(url)).toBeUndefined()
  })

  it.each([
    ...LOOPBACK_LITERALS.map((url) => [url, 'loopback address']),
    ...LOOPBACK_NAMES.map((url) => [url, 'loopback name']),
    ...PRIVATE_LITERALS,
  ] as [string, string][])('%j is refused (%s) and the way to allow it named', (url, reason) => {
    expect(refusal(url)).toContain(`(${reason}); start the hub with --allow-private-targets`)
  })

  it.each(NEVER)('%j is refused (%s)', (url, reason) => {
    expect(refusal(url)).toContain(reason)
  })
})

describe('with private targets allowed', () => {
  const opened = [...ALLOWED, ...LOOPBACK_LITERALS, ...LOOPBACK_NAMES]
  it.each([...opened, ...PRIVATE_LITERALS.map(([url]) => url)])('%j is allowed', (url) => {
    expect(refusal(url, true)).toBeUndefined()
  })

  it.each(NEVER)('%j stays refused (%s)', (url, reason) => {
    expect(refusal(url, true)).toContain(reason)
  })
})

it('a refusal says what was attempted, what was found and what to do', () => {
  expect(refusal('http://10.0.0.5/hook')).toBe(
    'refused to connect to "10.0.0.5" (private address); ' +
      'start the hub with --allow-private-targets to allow it',
  )
  expect(refusal('http://169.254.169.254/')).toBe(
    'refused to connect to "169.254.169.254" (cloud metadata address); ' +
      'it is never allowed, choose another target',
  )
})

it('no refusal repeats credentials, path, query or fragment', () => {
  const hosts = ['example.com:22', 'user:SECRET@example.com', '127.0.0.1', 'example.com.']
  const texts = [
    ...hosts.map((host) => `http://${host}/SECRET?key=SECRET`),
    'https://example.com/?a=SECRET#SECRET',
    'https://example.com/SECRET\\',
    'https://exa mple.com/SECRET',
    'SECRET',
    'ftp://user:SECRET@example.com/SECRET',
    `https://example.com/${'SECRET'.repeat(2_000)}`,
  ]
  for (const text of texts) {
    expect(refusal(text)).toBeDefined()
    expect(refusal(text)).not.toContain('SECRET')
  }
})
