/** An API server on the node's loopback, told what it has by requests on stdin; and a client there. */
import readline from 'node:readline';
import { LivingCluster } from '../agent/living-cluster.ts';
import type { Manifest } from '../oracle/manifest.ts';

type Request =
  | { readonly command: 'start'; readonly request: readonly Manifest[] }
  | { readonly command: 'apply' | 'remove'; readonly request: Manifest }
  | { readonly command: 'fetch'; readonly request: string };

let cluster: LivingCluster | undefined;

async function answer({ command, request }: Request): Promise<unknown> {
  if (command === 'start') {
    cluster = await LivingCluster.start(request, { withClusterPolicies: true });
    return cluster.kubeconfig;
  }
  if (command === 'fetch') return (await fetch(request)).text();
  if (cluster === undefined) throw new Error('not started');
  if (command === 'apply') cluster.apply(request);
  else cluster.remove(request);
  return true;
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, ...request } = JSON.parse(line) as { id: number } & Request;
  answer(request).then(
    (result) => process.stdout.write(`${JSON.stringify({ id, result })}\n`),
    (error: unknown) => process.stdout.write(`${JSON.stringify({ id, error: String(error) })}\n`),
  );
});
process.stdin.on('end', () => process.exit(0));
