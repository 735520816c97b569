import { resultApiVersion } from '../../engine/results.ts';
import { packageVersion } from '../../io/package-root.ts';

export function runVersion(output: 'text' | 'json'): void {
  const version = packageVersion();
  if (output === 'text') {
    process.stdout.write(`${version}\n`);
    return;
  }
  const value = {
    apiVersion: resultApiVersion,
    kind: 'Version',
    version,
    node: process.versions.node,
    platform: `${process.platform}/${process.arch}`,
  };
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}
