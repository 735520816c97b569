/**
 * Runs TypeScript as it stands: `node --import ./tools/typescript.mjs bench/main.ts`.
 *
 * Node 20 cannot strip types itself; esbuild does it file by file while modules load. For tools only, the package ships
 * compiled JavaScript.
 */
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) register('./typescript-hooks.mjs', import.meta.url);
process.setSourceMapsEnabled(true);
