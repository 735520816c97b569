import { text } from 'node:stream/consumers';
import { Zone } from '../../../../src/lab/dns/zone.ts';
import { programOf } from '../../../../src/lab/images.ts';
import { type IpFamily, labNetworks } from '../../../../src/lab/networks.ts';
import type { ContainerExit, ContainerSpec, MountedFile } from '../../../../src/lab/runtime/runtime.ts';
import type { SimQuestion } from '../../../../src/lab/runtime/sim/sim-network.ts';
import { SimRuntime } from '../../../../src/lab/runtime/sim/sim-runtime.ts';
import { FakeClock } from '../../../io/kubernetes/fake-clock.ts';

export interface Transcript {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

/** A runtime with a few pods, and a clock that runs as soon as nothing else does. */
export class SimLab {
  readonly clock = new FakeClock();
  readonly networks;
  readonly zone: Zone;
  readonly runtime: SimRuntime;
  readonly questions: SimQuestion[] = [];
  readonly exits = new Map<string, ContainerExit>();
  /** What policies forbid. */
  denied: (question: SimQuestion) => boolean = () => false;
  private pods = 0;

  constructor(family: IpFamily = 'ipv4') {
    this.networks = labNetworks(2, family);
    this.zone = new Zone(this.networks);
    this.runtime = new SimRuntime({
      networks: this.networks,
      clock: this.clock,
      random: () => 0,
      zone: this.zone,
      verdict: (question) => {
        this.questions.push(question);
        return { allowed: !this.denied(question) };
      },
    });
    this.runtime.listen({
      onExit: (container, exit) => void this.exits.set(container, exit),
      onFailure: (error) => {
        throw error;
      },
    });
  }

  /** Its address. */
  async pod(
    name: string,
    image: string,
    more: {
      readonly namespace?: string;
      readonly node?: string;
      readonly command?: readonly string[];
      readonly args?: readonly string[];
      readonly env?: readonly (readonly [string, string])[];
      readonly files?: readonly MountedFile[];
      readonly stdin?: boolean;
      readonly tty?: boolean;
      readonly hostNetwork?: boolean;
    } = {},
  ): Promise<readonly string[]> {
    this.pods += 1;
    const { namespace = 'default', node = 'lab-1', hostNetwork = false } = more;
    const addresses = this.networks.families.map((each) =>
      each === 4 ? `10.244.0.${this.pods + 9}` : `fd00:10:244::${this.pods + 9}`,
    );
    await Promise.all(this.networks.nodes.map((each) => this.runtime.addNode(each)));
    await this.runtime.startSandbox({
      id: name,
      node,
      namespace,
      name,
      hostname: name,
      addresses: hostNetwork ? [] : addresses,
      hostNetwork,
      nameservers: this.networks.dnsService,
      searches: [`${namespace}.svc.cluster.local`, 'svc.cluster.local', 'cluster.local'],
      resolverOptions: ['ndots:5'],
      hostAliases: [],
    });
    const program = programOf({ image, command: more.command, args: more.args, env: more.env });
    if ('refused' in program) throw new Error(program.message);
    const spec: ContainerSpec = {
      id: `${name}-main`,
      sandbox: name,
      name: 'main',
      argv: program.argv,
      env: more.env ?? [],
      files: more.files ?? [],
      folders: [],
      stdin: more.stdin ?? false,
      tty: more.tty ?? false,
    };
    await this.runtime.startContainer(spec);
    return addresses;
  }

  /** The DNS of the cluster and the Service before it. */
  async dns(): Promise<void> {
    const addresses = await this.pod('coredns', 'coredns/coredns', { namespace: 'kube-system' });
    this.service('kube-system/kube-dns', this.networks.dnsService, 53, addresses, 53, 'UDP');
  }

  private rules: Parameters<SimRuntime['setServices']>[1] = [];

  service(
    service: string,
    addresses: readonly string[],
    port: number,
    backends: readonly string[],
    target: number,
    protocol: 'TCP' | 'UDP' = 'TCP',
    nodePort?: number,
  ): void {
    const [namespace = '', name = ''] = service.split('/');
    this.rules = [
      ...this.rules,
      {
        service,
        protocol,
        addresses,
        port,
        nodePort,
        backends: backends.map((address) => ({ address, port: target })),
      },
    ];
    for (const node of this.networks.nodes) void this.runtime.setServices(node.name, this.rules);
    this.zone.apply([
      { kind: 'namespace', key: namespace, value: true },
      {
        kind: 'service',
        key: service,
        value: { namespace, name, clusterIPs: addresses, ports: [{ name: '', protocol, port }] },
      },
    ]);
  }

  /** Runs something in a pod, with all its input at once; without the line that says that it is simulated. */
  async exec(pod: string, argv: readonly [string, ...string[]], input = ''): Promise<Transcript> {
    const session = this.runtime.exec({ container: `${pod}-main`, argv, stdin: true, tty: false });
    session.stdin.end(input);
    const [out, err, exit] = await this.during(Promise.all([text(session.stdout), text(session.stderr), session.exit]));
    return { out, err: err.replace(/^sallyport lab: simulated[^\n]*\n/, ''), code: exit.exitCode };
  }

  sh(pod: string, script: string, input = ''): Promise<Transcript> {
    return this.exec(pod, ['sh', '-c', script], input);
  }

  /** Time passes as fast as it can until then. */
  async during<T>(work: Promise<T>): Promise<T> {
    const state = { over: false };
    const done = work.finally(() => (state.over = true));
    while (!state.over) {
      for (let turn = 0; turn < 30 && !state.over; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      const [next] = this.clock.moments;
      if (next !== undefined && !state.over) this.clock.advance(next - this.clock.nowMs());
    }
    return done;
  }
}
