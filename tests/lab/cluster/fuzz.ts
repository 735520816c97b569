/**
 * `npm run fuzz:lab -- [--sets N] [--seed S] [--nodes N] [--ip-family FAMILY]`: random sets of policies in a lab with
 * real packets; every connection between pods and to the world outside is tried and held against the prediction. Seeds
 * start at `S` and go up by one.
 */
import { parseArgs } from 'node:util';
import buildWhenStale from '../../../tools/build-when-stale.mjs';
import { RandomPolicies } from './random-policies.ts';

const { values } = parseArgs({
  options: {
    sets: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    nodes: { type: 'string', default: '2' },
    'ip-family': { type: 'string', default: 'dual' },
    timeout: { type: 'string', default: '700' },
  },
});
const [sets = 0, first = 0, nodes = 0, timeoutMs = 0] = [values.sets, values.seed, values.nodes, values.timeout].map(
  Number,
);
const ipFamily = (['dual', 'ipv4', 'ipv6'] as const).find((family) => family === values['ip-family']);
if (![sets, first, nodes, timeoutMs].every((value) => value >= 1) || ipFamily === undefined) {
  process.stderr.write(
    'usage: npm run fuzz:lab -- [--sets N] [--seed S] [--nodes N] [--ip-family dual|ipv4|ipv6] [--timeout MS]\n',
  );
  process.exit(2);
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
buildWhenStale();
const begin = performance.now();
const total = { connections: 0, allowed: 0, untried: 0, wrong: 0, refused: 0, policies: 0 };
const policies = await RandomPolicies.start({ nodes, ipFamily, timeoutMs });
try {
  for (let seed = first; seed < first + sets; seed++) {
    const found = await policies.compare(seed);
    for (const key of ['connections', 'allowed', 'untried', 'refused', 'policies'] as const) total[key] += found[key];
    if (found.wrong !== undefined) total.wrong++;
    say(
      `seed ${seed}: ${found.policies} policies, ${found.connections} connections, ${found.allowed} allowed, ` +
        (found.wrong === undefined ? 'as predicted' : `WRONG\n${found.wrong}`),
    );
  }
} finally {
  await policies.close();
}
const seconds = ((performance.now() - begin) / 1000).toFixed(0);
say(
  `${sets} sets of ${total.policies} policies (${total.refused} more refused by the API server) on ${nodes} nodes, ${ipFamily}: ` +
    `${total.connections} connections (${total.allowed} allowed, ${total.untried} not tried) in ${seconds} s, ${total.wrong} sets not as predicted`,
);
process.exitCode = total.wrong > 0 ? 1 : 0;
