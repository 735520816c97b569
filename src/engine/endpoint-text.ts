/**
 * The notation of endpoints (DESIGN §4): `NS/NAME`, `NS/KIND/NAME`, an address, a CIDR or `internet`, and for targets
 * `:PORT`, `:PORT/udp` or `:NAME` behind it. Only the notation: what a name stands for is decided against a cluster.
 */
import type { Cidr, IpAddress } from '../base/inet.ts';
import { parseCidr, parseIp } from '../base/inet-parse.ts';
import type { Protocol } from '../kube/objects.ts';

/** What stands before the port. */
export type EndpointText =
  | { readonly type: 'internet' }
  | { readonly type: 'address'; readonly ip: IpAddress }
  | { readonly type: 'cidr'; readonly cidr: Cidr }
  /** One to three parts: `NAME`, `NS/NAME` or `KIND/NAME`, `NS/KIND/NAME`. None is empty. */
  | { readonly type: 'name'; readonly parts: readonly string[] };

/** What stands behind the colon. */
export type PortText =
  | { readonly type: 'number'; readonly port: number; readonly protocol: Protocol }
  /** A container port's or Service port's name; its own protocol counts unless one is written. */
  | { readonly type: 'name'; readonly name: string; readonly protocol: Protocol | undefined }
  /** `:icmp`: protocols without ports. */
  | { readonly type: 'portless' };

/** Why a text is no endpoint. `message` says what is wrong, `help` what to write instead. */
export interface EndpointProblem {
  readonly code: 'syntax' | 'not-found' | 'ambiguous' | 'unsupported' | 'no-backend' | 'no-port';
  readonly message: string;
  readonly help?: string;
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: EndpointProblem };

const NOTATION = 'write NS/NAME, NS/KIND/NAME, an IP address, a CIDR or internet';
const PORT_NOTATION = 'write :PORT, :PORT/udp, :PORT/sctp, :NAME of a port, or :icmp';
const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map([
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['sctp', 'SCTP'],
]);

/** Nothing in the notation is longer: a namespace (63), a kind, a name (253), a port. */
const MAX_LENGTH = 512;

/** An endpoint without a port. */
export function readEndpointText(text: string): Parsed<EndpointText> {
  const target = readTargetText(text);
  if (!target.ok) return target;
  if (target.value.port !== undefined) {
    return refuse(`${quote(text)} names a port, which only a target can have`, 'a port belongs behind the target');
  }
  return { ok: true, value: target.value.end };
}

/** An endpoint with or without a port. An IPv6 address needs brackets before a port. */
export function readTargetText(
  text: string,
): Parsed<{ readonly end: EndpointText; readonly port: PortText | undefined }> {
  const trimmed = text.trim();
  if (trimmed === '') return refuse('an endpoint is empty', NOTATION);
  if (trimmed.length > MAX_LENGTH) return refuse(`an endpoint of ${trimmed.length} characters is too long`, NOTATION);
  const [before, port] = splitPort(trimmed);
  const end = readEnd(before, trimmed);
  if (!end.ok) return end;
  if (port === undefined) return { ok: true, value: { end: end.value, port: undefined } };
  const parsed = readPort(port);
  return parsed.ok ? { ok: true, value: { end: end.value, port: parsed.value } } : parsed;
}

/** Cuts at the colon of the port. Text with several colons and no brackets is IPv6 throughout. */
function splitPort(text: string): [string, string | undefined] {
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    if (close === -1) return [text, undefined];
    const inner = text.slice(1, close);
    const rest = text.slice(close + 1);
    if (rest === '') return [inner, undefined];
    return rest.startsWith(':') ? [inner, rest.slice(1)] : [text, undefined];
  }
  const colon = text.indexOf(':');
  if (colon === -1 || text.indexOf(':', colon + 1) !== -1) return [text, undefined];
  return [text.slice(0, colon), text.slice(colon + 1)];
}

function readEnd(text: string, whole: string): Parsed<EndpointText> {
  if (text.toLowerCase() === 'internet') return { ok: true, value: { type: 'internet' } };
  const address = parseIp(text);
  if (address !== undefined) return { ok: true, value: { type: 'address', ip: address.ip } };
  const cidr = parseCidr(text);
  if (cidr !== undefined) return { ok: true, value: { type: 'cidr', cidr: cidr.cidr } };
  if (text.includes(':') || text.includes('[') || text.includes(']')) {
    return refuse(
      `${quote(whole)} is not an endpoint`,
      `an IPv6 address with a port is written [ADDRESS]:PORT; ${PORT_NOTATION}`,
    );
  }
  if (looksNumeric(text)) return refuse(`${quote(text)} is not a valid address or CIDR`, NOTATION);
  const parts = text.split('/');
  if (parts.length > 3 || parts.some((part) => part === ''))
    return refuse(`${quote(whole)} is not an endpoint`, NOTATION);
  return { ok: true, value: { type: 'name', parts } };
}

/** `10.0.0`, `10.0.0.0/99`: an address with a slip, not a name to look up. */
function looksNumeric(text: string): boolean {
  return /^[0-9]+\.[0-9.]+(?:\/[0-9]*)?$/.test(text);
}

function readPort(text: string): Parsed<PortText> {
  const slash = text.indexOf('/');
  const port = slash === -1 ? text : text.slice(0, slash);
  const protocolText = slash === -1 ? undefined : text.slice(slash + 1);
  const protocol = protocolText === undefined ? undefined : PROTOCOLS.get(protocolText.toLowerCase());
  if (protocolText !== undefined && protocol === undefined) {
    return refuse(
      `${quote(protocolText)} is not a protocol with ports`,
      'use tcp, udp or sctp; :icmp stands for protocols without ports',
    );
  }
  if (/^[0-9]+$/.test(port)) {
    const number = Number(port);
    if (number < 1 || number > 65535) return refuse(`port ${port} must be between 1 and 65535`, PORT_NOTATION);
    return { ok: true, value: { type: 'number', port: number, protocol: protocol ?? 'TCP' } };
  }
  if (protocol === undefined && (port.toLowerCase() === 'icmp' || port.toLowerCase() === 'other')) {
    return { ok: true, value: { type: 'portless' } };
  }
  // Service port names may be 63 long and hold dots nowhere; container port names are shorter still.
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(port)) {
    return refuse(`${quote(port)} is neither a port number nor the name of a port`, PORT_NOTATION);
  }
  return { ok: true, value: { type: 'name', name: port, protocol } };
}

function refuse(message: string, help: string): { readonly ok: false; readonly problem: EndpointProblem } {
  return { ok: false, problem: { code: 'syntax', message, help } };
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}

export function found<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function problem(value: EndpointProblem): Parsed<never> {
  return { ok: false, problem: value };
}
