import { describe, expect, test } from 'vitest';
import { negotiateDiscovery, negotiateForm } from '../../../../src/lab/api/server/accept.ts';

const table =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';
const discovery =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';
const metadata = (as: string) =>
  `application/vnd.kubernetes.protobuf;as=${as};g=meta.k8s.io;v=v1,application/json;as=${as};g=meta.k8s.io;v=v1,application/json`;

describe('forms of objects', () => {
  test.each([
    ['nothing', undefined, 'list', { kind: 'object' }],
    ['anything', '*/*', 'list', { kind: 'object' }],
    ['a typed client', 'application/vnd.kubernetes.protobuf,application/json', 'object', { kind: 'object' }],
    ['a watch', 'application/json;stream=watch', 'watch', { kind: 'object' }],
    ['kubectl get', table, 'list', { kind: 'table', version: 'v1' }],
    [
      'an older table',
      'application/json;as=Table;v=v1beta1;g=meta.k8s.io',
      'watch',
      { kind: 'table', version: 'v1beta1' },
    ],
    [
      'a table of the future',
      'application/json;as=Table;v=v3;g=meta.k8s.io,application/json',
      'list',
      { kind: 'object' },
    ],
    ['metadata of a list', metadata('PartialObjectMetadataList'), 'list', { kind: 'partial', version: 'v1' }],
    ['metadata of one', metadata('PartialObjectMetadata'), 'object', { kind: 'partial', version: 'v1' }],
    ['metadata of a watch', metadata('PartialObjectMetadata'), 'watch', { kind: 'partial', version: 'v1' }],
    ['metadata of one for a list', metadata('PartialObjectMetadata'), 'list', { kind: 'object' }],
    [
      'what it likes better',
      'application/json;q=0.1,application/json;as=Table;v=v1;g=meta.k8s.io',
      'list',
      { kind: 'table', version: 'v1' },
    ],
  ] as const)('%s', (_, accept, shape, form) => {
    expect(negotiateForm(accept, shape)).toEqual(form);
  });

  test.each(['application/vnd.kubernetes.protobuf', 'text/html', 'application/json;q=0', 'application/cbor'])(
    'nothing of %s can be had',
    (accept) => {
      expect(() => negotiateForm(accept, 'list')).toThrow(expect.objectContaining({ code: 406 }));
    },
  );
});

describe('forms of discovery', () => {
  test.each([
    [undefined, undefined],
    ['application/json', undefined],
    [discovery, 'v2'],
    ['application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json', 'v2beta1'],
    ['application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList,application/json', undefined],
  ])('%s', (accept, version) => {
    expect(negotiateDiscovery(accept)).toBe(version);
  });

  test('a stranger gets nothing', () => {
    expect(() => negotiateDiscovery('image/png')).toThrow(expect.objectContaining({ reason: 'NotAcceptable' }));
  });
});
