import { describe, expect, test } from 'vitest';
import { parseRoute } from '../../../../src/lab/api/server/route.ts';
import { StatusError } from '../../../../src/lab/api/status-error.ts';

const resource = {
  kind: 'resource',
  group: '',
  version: 'v1',
  namespace: undefined,
  name: undefined,
  subresource: undefined,
};

describe('paths', () => {
  test.each([
    ['/api', { kind: 'api' }],
    ['/api/', { kind: 'api' }],
    ['/apis', { kind: 'apis' }],
    ['/api/v1', { kind: 'group-version', group: '', version: 'v1' }],
    ['/apis/apps', { kind: 'group', group: 'apps' }],
    ['/apis/apps/v1', { kind: 'group-version', group: 'apps', version: 'v1' }],
    ['/openapi/v2', { kind: 'openapi2' }],
    ['/openapi/v3', { kind: 'openapi3', root: undefined }],
    ['/openapi/v3/apis/apps/v1', { kind: 'openapi3', root: 'apis/apps/v1' }],
    ['/version', { kind: 'version' }],
    ['/healthz', { kind: 'health' }],
    ['/livez', { kind: 'health' }],
    ['/readyz', { kind: 'health' }],
    ['/readyz/etcd', { kind: 'unknown' }],
    ['/', { kind: 'unknown' }],
    ['/metrics', { kind: 'unknown' }],
    ['/api/v1//pods', { kind: 'unknown' }],
    ['/api/v1/namespaces', { ...resource, plural: 'namespaces' }],
    ['/api/v1/namespaces/shop', { ...resource, plural: 'namespaces', name: 'shop' }],
    ['/api/v1/namespaces/shop/status', { ...resource, plural: 'namespaces', name: 'shop', subresource: 'status' }],
    ['/api/v1/namespaces/shop/finalize', { ...resource, plural: 'namespaces', name: 'shop', subresource: 'finalize' }],
    ['/api/v1/pods', { ...resource, plural: 'pods' }],
    ['/api/v1/namespaces/shop/pods', { ...resource, plural: 'pods', namespace: 'shop' }],
    ['/api/v1/namespaces/status/pods/web', { ...resource, plural: 'pods', namespace: 'status', name: 'web' }],
    [
      '/api/v1/namespaces/shop/pods/web/log',
      { ...resource, plural: 'pods', namespace: 'shop', name: 'web', subresource: 'log' },
    ],
    ['/api/v1/namespaces/shop/pods/web/proxy/index.html', { kind: 'unknown' }],
    [
      '/apis/example.dev/v1/namespaces/a%20b/things/x%2Fy',
      { ...resource, group: 'example.dev', plural: 'things', namespace: 'a b', name: 'x/y' },
    ],
    [
      '/apis/apps/v1/namespaces/__proto__/deployments',
      { ...resource, group: 'apps', plural: 'deployments', namespace: '__proto__' },
    ],
  ])('%s', (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });

  test('what is no text is refused', () => {
    expect(() => parseRoute('/api/v1/namespaces/%ff')).toThrow(StatusError);
  });
});
