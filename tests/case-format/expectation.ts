/** The expectation lines of the cases: `deny x/* -> y/a on TCP/80 over IPv4`. */
import type { End, Query } from '../oracle/oracle.ts';

export interface Line {
  readonly text: string;
  readonly allowed: boolean;
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Empty: every port. */
  readonly ports: readonly string[];
  /** Undefined: both. */
  readonly family: 4 | 6 | undefined;
}

export function parseLine(text: string): Line {
  const match = /^(allow|deny) +(\S+) +-> +(\S+)(?: +on +(\S+))?(?: +over +IPv([46]))?$/.exec(text);
  if (match === null) throw new Error(`not an expectation: ${text}`);
  const [, verdict, from = '', to = '', ports, family] = match;
  return {
    text,
    allowed: verdict === 'allow',
    from: from.split(','),
    to: to.split(','),
    ports: ports === undefined ? [] : ports.split(','),
    family: family === undefined ? undefined : family === '4' ? 4 : 6,
  };
}

export function parseEnd(name: string): End {
  if (name.startsWith('node/')) return { node: name.slice(5) };
  return name.startsWith('ip/') ? { ip: name.slice(3) } : { pod: name };
}

export function parsePort(text: string): Pick<Query, 'protocol' | 'port'> {
  const [protocol, port] = text.split('/');
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP' && protocol !== 'other')
    throw new Error(`no protocol: ${text}`);
  return { protocol, port: Number(port ?? 0) };
}

function isPod(name: string): boolean {
  return !name.startsWith('node/') && !name.startsWith('ip/');
}

function matchesEnd(pattern: string, name: string): boolean {
  if (pattern === 'any' || pattern === name) return true;
  if (!isPod(name)) return false;
  if (pattern === '*') return true;
  const [namespace, pod] = pattern.split('/');
  const [ofNamespace, ofPod] = name.split('/');
  return (namespace === '*' || namespace === ofNamespace) && (pod === '*' || pod === ofPod);
}

/** Whether the line speaks about this connection. */
export function covers(line: Line, from: string, to: string, port: string, family: 4 | 6): boolean {
  return (
    line.from.some((pattern) => matchesEnd(pattern, from)) &&
    line.to.some((pattern) => matchesEnd(pattern, to)) &&
    (line.ports.length === 0 || line.ports.some((each) => each === port || each === port.split('/')[0])) &&
    (line.family === undefined || line.family === family)
  );
}
