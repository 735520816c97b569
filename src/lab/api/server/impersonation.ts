/** `kubectl --as`: administrators may be somebody else for one request. */
import type { IncomingHttpHeaders } from 'node:http';
import type { UserInfo } from '../rest/rest.ts';
import { StatusError } from '../status-error.ts';

const serviceAccountPrefix = 'system:serviceaccount:';
const anonymous = 'system:anonymous';

/** Who the request is made as. Throws 403 for those who may not, and for what names nobody. */
export function impersonated(user: UserInfo, headers: IncomingHttpHeaders): UserInfo {
  const username = textOf(headers['impersonate-user']);
  const groups = textOf(headers['impersonate-group']);
  const uid = textOf(headers['impersonate-uid']);
  if (username === '' && groups === '' && uid === '') return user;
  if (username === '') throw new StatusError('Forbidden', 'groups and uids can only be impersonated with a user');
  if (!user.groups.includes('system:masters')) {
    const who = `User ${JSON.stringify(user.username)}`;
    const what = `cannot impersonate resource "users" in API group "" at the cluster scope`;
    const details = { name: username, kind: 'users' };
    throw new StatusError('Forbidden', `users ${JSON.stringify(username)} is forbidden: ${who} ${what}`, details);
  }
  const given = groups === '' ? serviceAccountGroups(username) : groups.split(',').map((group) => group.trim());
  const known = username === anonymous ? 'system:unauthenticated' : 'system:authenticated';
  return { username, uid, groups: [...new Set([...given, known])] };
}

/** The groups that every service account is in. */
function serviceAccountGroups(username: string): readonly string[] {
  if (!username.startsWith(serviceAccountPrefix)) return [];
  const [namespace = ''] = username.slice(serviceAccountPrefix.length).split(':');
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

function textOf(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : (header?.join(',') ?? '');
}
