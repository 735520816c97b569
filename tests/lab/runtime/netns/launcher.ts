/** What stands between a test and a lab: `launcher.ts MODE FOLDER` starts the lab, and passes on what both sides say. */
import { fileURLToPath } from 'node:url';
import { startInit } from '../../../../src/lab/runtime/netns/start-init.ts';

const [, , mode, folder = ''] = process.argv;
const child = startInit({
  mode: mode === 'root' ? 'root' : 'user-namespace',
  argv: [
    process.execPath,
    '--import',
    new URL('../../../../tools/typescript.mjs', import.meta.url).href,
    fileURLToPath(new URL('lab-program.ts', import.meta.url)),
  ],
  env: process.env,
  runtimeFolder: folder,
});
child.on('message', (message) => process.send?.(message));
child.on('exit', (code) => {
  process.send?.({ ended: code });
  process.exit();
});
process.on('message', (message: string) => child.send(message));
// The test has ended, however it has.
process.on('disconnect', () => process.exit());
process.send?.({ init: child.pid });
