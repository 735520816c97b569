/** From options to a running lab with a kubeconfig: what `lab up`, `lab run`, `lab tutorial` and `demo` share. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { OperationalError } from '../../io/operational-error.ts';
import { systemErrorCode, systemErrorReason } from '../../io/system-error.ts';
import { serverCertificate } from '../../lab/certificates.ts';
import {
  isLabName,
  labsFolder,
  makeLabFolder,
  removeLabFolder,
  runningLabs,
  startOfProcess,
  writeKubeconfig,
  writeRecord,
} from '../../lab/lab-folder.ts';
import { labKubeconfig } from '../../lab/lab-kubeconfig.ts';
import type { Lab } from '../../lab/lab.ts';
import type { LabReports, LabSettings } from '../../lab/launch/protocol.ts';
import type { NamespaceMode } from '../../lab/runtime/netns/start-init.ts';
import { CLUSTER_DOMAIN, type IpFamily, labNetworks } from '../../lab/networks.ts';
import { startInNamespaces } from './start-in-namespaces.ts';
import { startSimulated } from './start-simulated.ts';

export interface LabOptions {
  /** A free one is chosen when absent. */
  readonly name?: string | undefined;
  readonly nodes?: number | undefined;
  readonly ipFamily: IpFamily;
  readonly runtime: 'auto' | 'netns' | 'sim';
  readonly anyImage?: true | undefined;
  readonly port?: number | undefined;
  readonly flowLog: boolean;
}

export interface StartedLab {
  readonly lab: Lab;
  readonly name: string;
  readonly runtime: 'netns' | 'sim';
  /** Why it is simulated though nobody asked for it; `undefined` otherwise. */
  readonly simulatedBecause: string | undefined;
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  readonly folder: string;
  readonly kubeconfig: string;
  /** Ends it and removes its folder. Idempotent. */
  close(): Promise<void>;
}

/** @throws OperationalError when the lab cannot run here */
export async function startLab(options: LabOptions, reports: LabReports): Promise<StartedLab> {
  const uid = process.getuid?.() ?? -1;
  const parent = labsFolder(process.env, uid);
  const name = await freeName(parent, options.name);
  const runtime = await chooseRuntime(options.runtime);
  const networks = labNetworks(options.nodes ?? 1, options.ipFamily);
  const listener = await listenOnLoopback(options.port ?? 0);
  const { port } = listener.address() as AddressInfo;
  const server = `https://127.0.0.1:${port}`;
  let folder: string | undefined;
  let lab: Lab | undefined;
  try {
    reports.onProgress('making a certificate');
    const certificate = await serverCertificate({
      dnsNames: ['localhost', ...apiNames],
      addresses: ['127.0.0.1', '::1', ...networks.controlPlane, ...networks.apiService],
      nowMs: Date.now(),
    });
    const settings: LabSettings = {
      name,
      nodes: networks.nodes.length,
      family: networks.family,
      anyImage: options.anyImage === true,
      certificate,
      token: randomBytes(32).toString('base64url'),
      port,
      flowLog: options.flowLog,
    };
    folder = await makeLabFolder(parent, name, uid);
    const launch = { settings, listener, reports, folder };
    const running =
      runtime.name === 'netns'
        ? await startInNamespaces({ ...launch, mode: runtime.mode })
        : await startSimulated(launch);
    lab = running;
    // Who finds it may use it.
    const { authority } = certificate;
    const kubeconfig = await writeKubeconfig(folder, labKubeconfig({ server, authority, token: settings.token, name }));
    await writeRecord(folder, {
      name,
      pid: process.pid,
      processStart: await startOfProcess(process.pid),
      runtime: runtime.name,
      nodes: settings.nodes,
      ipFamily: settings.family,
      server,
      startedAt: new Date().toISOString(),
    });
    return {
      lab: running,
      name,
      runtime: runtime.name,
      simulatedBecause: runtime.name === 'sim' ? runtime.because : undefined,
      server,
      folder,
      kubeconfig,
      close: closeOnce(running, folder),
    };
  } catch (error) {
    listener.close();
    await lab?.stop();
    if (folder !== undefined) await removeLabFolder(folder);
    throw error;
  }
}

const apiNames = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  `kubernetes.default.svc.${CLUSTER_DOMAIN}`,
];

async function closeAll(lab: Lab, folder: string): Promise<void> {
  try {
    await lab.stop();
  } finally {
    await removeLabFolder(folder);
  }
}

function closeOnce(lab: Lab, folder: string): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= closeAll(lab, folder);
    return closing;
  };
}

async function freeName(parent: string, wanted: string | undefined): Promise<string> {
  const taken = new Set((await runningLabs(parent)).map(({ name }) => name));
  if (wanted === undefined) return `run-${process.pid}`;
  if (!isLabName(wanted)) {
    throw new OperationalError('usage', `--name ${JSON.stringify(wanted)} is no name for a lab`, {
      hint: 'up to 40 lowercase letters, digits and dashes',
      exitCode: 2,
    });
  }
  if (!taken.has(wanted)) return wanted;
  throw new OperationalError('lab-exists', `a lab called ${wanted} is running already`, {
    hint: `sallyport lab down ${wanted} ends it; --name gives this one another name`,
    exitCode: 4,
  });
}

type ChosenRuntime =
  | { readonly name: 'netns'; readonly mode: NamespaceMode }
  /** With a reason when nobody asked for it. */
  | { readonly name: 'sim'; readonly because: string | undefined };

async function chooseRuntime(wanted: LabOptions['runtime']): Promise<ChosenRuntime> {
  if (wanted === 'sim') return { name: 'sim', because: undefined };
  const { probeNetns } = await import('../../lab/runtime/netns/probe.ts');
  const probed = await probeNetns();
  if (probed.ok) return { name: 'netns', mode: probed.mode };
  const reasons = probed.reasons.join('; ');
  if (wanted === 'auto') return { name: 'sim', because: `${reasons}${probed.hint === '' ? '' : ` (${probed.hint})`}` };
  throw new OperationalError('lab-impossible', `network namespaces cannot be used here: ${reasons}`, {
    hint: probed.hint === '' ? '--runtime sim needs nothing of the kernel' : probed.hint,
    exitCode: 4,
  });
}

async function listenOnLoopback(port: number): Promise<Server> {
  const server = createServer();
  server.listen({ host: '127.0.0.1', port, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    const taken = systemErrorCode(error) === 'EADDRINUSE';
    throw new OperationalError(
      'lab-port',
      `127.0.0.1:${port}: ${taken ? 'something else listens there' : systemErrorReason(error)}`,
      {
        hint: 'without --port a free one is found',
        exitCode: 4,
        cause: error,
      },
    );
  }
  return server;
}
