import { describe, expect, test } from 'vitest';
import { createGate } from '../../../../src/lab/api/server/gate.ts';
import { tokenAuthenticator } from '../../../../src/lab/api/server/token-authenticator.ts';

const admin = { username: 'kubernetes-admin', uid: '', groups: ['system:masters'] };
const node = { username: 'system:node:lab-1', uid: '', groups: ['system:nodes'] };
const gate = createGate({
  authenticate: tokenAuthenticator([
    ['secret', admin],
    ['other', node],
  ]),
  hosts: ['127.0.0.1', 'LOCALHOST', 'fd00:172:30::1', 'kubernetes.default.svc'],
});
const good = { host: '127.0.0.1:6443', authorization: 'Bearer secret' };

describe('who comes in', () => {
  test.each([
    ['the admin', good, admin],
    ['a node', { ...good, authorization: 'bearer other' }, node],
    ['by name', { ...good, host: 'localhost' }, admin],
    ['by a name with its dot', { ...good, host: 'kubernetes.default.svc.:443' }, admin],
    ['over IPv6', { ...good, host: '[FD00:172:30::1]:6443' }, admin],
  ])('%s', (_, headers, user) => {
    expect(gate(headers)).toEqual(user);
  });

  test.each([
    ['without a token', { host: good.host }, 401],
    ['with another token', { ...good, authorization: 'Bearer secre' }, 401],
    ['with an empty token', { ...good, authorization: 'Bearer ' }, 401],
    ['with a password', { ...good, authorization: 'Basic c2VjcmV0OnNlY3JldA==' }, 401],
    ['with two tokens', { ...good, authorization: 'Bearer secret secret' }, 401],
    ['from a page', { ...good, origin: 'https://127.0.0.1:6443' }, 403],
    ['from a page that hides its name', { ...good, origin: 'null' }, 403],
    ['by a foreign name', { ...good, host: 'evil.example:6443' }, 403],
    ['by a name that only begins so', { ...good, host: '127.0.0.1.evil.example' }, 403],
    ['without a name', { authorization: good.authorization }, 403],
    ['by an odd name', { ...good, host: '127.0.0.1:6443@evil.example' }, 403],
  ])('not %s', (_, headers, code) => {
    expect(() => gate(headers)).toThrow(expect.objectContaining({ code }));
  });

  test('an empty token is nobody’s', () => {
    expect(() => tokenAuthenticator([['', admin]])).toThrow(RangeError);
  });
});

describe('who somebody else may be', () => {
  test.each([
    ['a user', { 'impersonate-user': 'bob' }, { username: 'bob', uid: '', groups: ['system:authenticated'] }],
    [
      'a user in groups',
      { 'impersonate-user': 'bob', 'impersonate-group': 'dev, ops', 'impersonate-uid': '7' },
      { username: 'bob', uid: '7', groups: ['dev', 'ops', 'system:authenticated'] },
    ],
    [
      'a service account',
      { 'impersonate-user': 'system:serviceaccount:shop:web' },
      {
        username: 'system:serviceaccount:shop:web',
        uid: '',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
      },
    ],
    [
      'nobody',
      { 'impersonate-user': 'system:anonymous' },
      { username: 'system:anonymous', uid: '', groups: ['system:unauthenticated'] },
    ],
  ])('the admin: %s', (_, headers, user) => {
    expect(gate({ ...good, ...headers })).toEqual(user);
  });

  test.each([
    ['a node is nobody else', { authorization: 'Bearer other', 'impersonate-user': 'kubernetes-admin' }],
    ['a group is nobody', { 'impersonate-group': 'system:masters' }],
  ])('%s', (_, headers) => {
    expect(() => gate({ ...good, ...headers })).toThrow(expect.objectContaining({ code: 403 }));
  });
});
