/** From manifests to the engine, by the doors that the program uses. */
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster, type ClusterOptions } from '../../src/model/cluster.ts';
import type { Manifest } from '../oracle/manifest.ts';

/** The input was refused: for whoever makes random input, a fault of the generator. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

export function engineOfTexts(texts: readonly string[], options: ClusterOptions = {}): Engine {
  const { objects, diagnostics } = readManifests(texts.map((text, index) => ({ name: `${index}.yaml`, text })));
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new RefusedError(errors.map(({ message }) => message).join('\n'));
  return createEngine(buildCluster(objects, options));
}

export function engineOf(objects: readonly Manifest[], options: ClusterOptions = {}): Engine {
  return engineOfTexts([JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })], options);
}
