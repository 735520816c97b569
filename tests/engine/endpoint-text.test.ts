import { describe, expect, it } from 'vitest';

import { formatCidr, formatIp } from '../../src/base/inet-format.ts';
import { readEndpointText, readTargetText } from '../../src/engine/endpoint-text.ts';

function show(text: string): string {
  const parsed = readTargetText(text);
  if (!parsed.ok) return `! ${parsed.problem.message}`;
  const { end, port } = parsed.value;
  const left =
    end.type === 'internet'
      ? 'internet'
      : end.type === 'address'
        ? `ip ${formatIp(end.ip)}`
        : end.type === 'cidr'
          ? `cidr ${formatCidr(end.cidr)}`
          : end.parts.join(' ');
  if (port === undefined) return left;
  if (port.type === 'portless') return `${left} : portless`;
  return port.type === 'number'
    ? `${left} : ${port.port} ${port.protocol}`
    : `${left} : '${port.name}' ${port.protocol ?? '-'}`;
}

describe('the notation of endpoints', () => {
  it.each([
    ['web', 'web'],
    ['shop/web', 'shop web'],
    ['shop/Deployment/web', 'shop Deployment web'],
    ['shop/web:80', 'shop web : 80 TCP'],
    ['shop/web:53/udp', 'shop web : 53 UDP'],
    ['shop/web:53/UDP', 'shop web : 53 UDP'],
    ['shop/web:132/sctp', 'shop web : 132 SCTP'],
    ['shop/web:http', "shop web : 'http' -"],
    ['shop/web:dns/udp', "shop web : 'dns' UDP"],
    ['shop/web:icmp', 'shop web : portless'],
    ['internet', 'internet'],
    ['Internet:443', 'internet : 443 TCP'],
    ['10.0.0.1', 'ip 10.0.0.1'],
    ['10.0.0.1:8080', 'ip 10.0.0.1 : 8080 TCP'],
    ['10.0.0.7/8', 'cidr 10.0.0.0/8'],
    ['10.0.0.0/8:443/tcp', 'cidr 10.0.0.0/8 : 443 TCP'],
    ['2001:db8::1', 'ip 2001:db8::1'],
    ['[2001:db8::1]', 'ip 2001:db8::1'],
    ['[2001:db8::1]:443', 'ip 2001:db8::1 : 443 TCP'],
    ['2001:db8::/32', 'cidr 2001:db8::/32'],
    ['[2001:db8::/32]:53/udp', 'cidr 2001:db8::/32 : 53 UDP'],
    ['::ffff:10.0.0.1', 'ip 10.0.0.1'],
    ['shop.example.com:443', 'shop.example.com : 443 TCP'],
    ['constructor/__proto__', 'constructor __proto__'],
    ['', '! an endpoint is empty'],
    ['shop/', '! "shop/" is not an endpoint'],
    ['a/b/c/d', '! "a/b/c/d" is not an endpoint'],
    ['10.0.0', '! "10.0.0" is not a valid address or CIDR'],
    ['10.0.0.0/33', '! "10.0.0.0/33" is not a valid address or CIDR'],
    ['web:0', '! port 0 must be between 1 and 65535'],
    ['web:65536', '! port 65536 must be between 1 and 65535'],
    ['web:', '! "" is neither a port number nor the name of a port'],
    ['web:80/icmp', '! "icmp" is not a protocol with ports'],
    ['web:80/', '! "" is not a protocol with ports'],
    ['[2001:db8::1', '! "[2001:db8::1" is not an endpoint'],
    ['[::1]80', '! "[::1]80" is not an endpoint'],
  ])('%s', (text, expected) => {
    expect(show(text)).toBe(expected);
  });

  it('refuses a port behind a source', () => {
    const parsed = readEndpointText('shop/web:80');
    expect(parsed).toMatchObject({ ok: false, problem: { code: 'syntax' } });
  });

  it('stays quick on a hostile text', () => {
    expect(show('a'.repeat(1_000_000))).toMatch(/too long/);
    expect(show(`web:${'a-'.repeat(200)}`)).toMatch(/neither/);
  });
});
