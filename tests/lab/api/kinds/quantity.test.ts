import { describe, expect, it } from 'vitest';
import { imageTag } from '../../../../src/lab/api/kinds/image.ts';
import { canonicalQuantity, parseQuantity } from '../../../../src/lab/api/kinds/quantity.ts';

describe('quantities', () => {
  it.each([
    ['0', '0'],
    ['1', '1'],
    ['1000', '1k'],
    ['1500', '1500'],
    ['0.5', '500m'],
    ['.25', '250m'],
    ['1.', '1'],
    ['100m', '100m'],
    ['1000m', '1'],
    ['-1', '-1'],
    ['1024', '1024'],
    ['1Ki', '1Ki'],
    ['1024Ki', '1Mi'],
    ['0.5Gi', '512Mi'],
    ['512', '512'],
    ['1e3', '1e3'],
    ['1E3', '1e3'],
    ['2e0', '2'],
    ['1E', '1E'],
    ['1n', '1n'],
    ['0.1n', '1n'],
  ])('%s is stored as %s', (given, stored) => {
    const quantity = parseQuantity(given);
    expect(quantity && canonicalQuantity(quantity)).toBe(stored);
  });

  it.each(['', 'x', '1x', '1 Gi', '--1', '1.2.3', '1e999', 'Ki', '.', true, null, undefined, {}])(
    '%j is none',
    (given) => {
      expect(parseQuantity(given)).toBeUndefined();
    },
  );

  it('takes numbers', () => {
    expect(parseQuantity(2)).toEqual(parseQuantity('2'));
  });
});

describe('tags of images', () => {
  it.each([
    ['nginx', 'latest'],
    ['a/b/nginx:1', '1'],
    ['host:5000/nginx', 'latest'],
    ['nginx@sha256:x', ''],
    ['', 'latest'],
  ])('%s: %s', (image, tag) => {
    expect(imageTag(image)).toBe(tag);
  });
});
