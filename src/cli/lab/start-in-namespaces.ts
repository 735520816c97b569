import type { Server } from 'node:net';
import { join } from 'node:path';
import { packagedFolder } from '../../io/package-root.ts';
import type { Lab } from '../../lab/lab.ts';
import type { LabReports, LabSettings } from '../../lab/launch/protocol.ts';
import { RemoteLab } from '../../lab/launch/remote-lab.ts';
import { startInit, type NamespaceMode } from '../../lab/runtime/netns/start-init.ts';

export interface LaunchOptions {
  readonly settings: LabSettings;
  readonly listener: Server;
  readonly reports: LabReports;
  readonly folder: string;
  readonly mode: NamespaceMode;
}

const MAX_LAST_WORDS = 4096;

/** A lab as a process inside of new namespaces. @throws OperationalError */
export function startInNamespaces({ settings, listener, reports, folder, mode }: LaunchOptions): Promise<Lab> {
  const child = startInit({
    mode,
    argv: [process.execPath, join(packagedFolder('dist', 'cli'), 'lab-server.js')],
    env: process.env,
    runtimeFolder: folder,
    stdout: 'ignore',
    stderr: 'pipe',
  });
  let lastWords = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-MAX_LAST_WORDS);
  });
  if (child.pid === undefined) child.once('error', () => undefined);
  return RemoteLab.start({ child, settings, listener, reports, lastWords: () => lastWords });
}
