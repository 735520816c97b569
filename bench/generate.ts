/** `node --import ./tools/typescript.mjs bench/generate.ts PODS POLICIES SHAPE SEED FILE`: writes one scenario as a JSON list. */
import { writeFileSync } from 'node:fs';
import { createScenario, scenarioJson, type Shape } from './scenario.ts';

const [pods = '1000', policies = '200', shape = 'usual', seed = '1', file = 'scenario.json'] = process.argv.slice(2);
const bytes = scenarioJson(
  createScenario({ pods: Number(pods), policies: Number(policies), shape: shape as Shape, seed: Number(seed) }),
);
writeFileSync(file, bytes);
process.stdout.write(`${file}: ${(bytes.length / 1e6).toFixed(1)} MB\n`);
