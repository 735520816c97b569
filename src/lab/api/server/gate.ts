/** Who may come in at all: asked before anything else of every request, upgrades included. */
import type { IncomingHttpHeaders } from 'node:http';
import type { UserInfo } from '../rest/rest.ts';
import { StatusError } from '../status-error.ts';
import { impersonated } from './impersonation.ts';
import type { Authenticator } from './token-authenticator.ts';

export interface GateOptions {
  readonly authenticate: Authenticator;
  /** Names and addresses in `Host`, IPv6 without brackets; the port does not matter. */
  readonly hosts: readonly string[];
}

export type Gate = (headers: IncomingHttpHeaders) => UserInfo;

/** The gate throws 401 and 403. */
export function createGate({ authenticate, hosts }: GateOptions): Gate {
  const allowed = new Set(hosts.map((host) => host.toLowerCase()));
  return (headers) => {
    // Nothing but a browser sends one, and no page of one has business here.
    if (headers.origin !== undefined) throw refused('requests with an Origin header are refused');
    // A page can give its own name our address, and then is no stranger to the browser: the name tells.
    const host = hostName(headers.host ?? '');
    if (host === undefined || !allowed.has(host))
      throw refused('the Host of this request is not a name of this server');
    const token = bearerToken(headers.authorization);
    const user = token === undefined ? undefined : authenticate(token);
    if (user === undefined) throw new StatusError('Unauthorized', 'Unauthorized');
    return impersonated(user, headers);
  };
}

function refused(why: string): StatusError {
  return new StatusError('Forbidden', `forbidden: ${why}`);
}

/** Lower case, without port, brackets and the dot at the end; `undefined` when it is none. */
function hostName(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]{2,64})\]|([a-z0-9.-]{1,253}))(?::\d{1,5})?$/.exec(host.toLowerCase());
  return match?.[1] ?? match?.[2]?.replace(/\.$/, '');
}

function bearerToken(authorization: string | undefined): string | undefined {
  const match = /^bearer +([\x21-\x7e]{1,8192}) *$/i.exec(authorization ?? '');
  return match?.[1];
}
