import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { StatusError } from '../../../src/lab/api/status-error.ts';
import type { LogOptions } from '../../../src/lab/runtime/runtime.ts';
import { NodeLab } from './node-lab.ts';

const LOG: LogOptions & { readonly previous: boolean } = { follow: false, timestamps: false, previous: false };
const AS_USUAL = { argv: ['ls'] as const, stdin: false, tty: false } as const;
const container = (name: string, image = 'busybox') => ({ name, image, command: ['sleep', '1'] });
const of = (pod: string, name?: string) => ({ namespace: 'default', pod, container: name });

/** `404 message`, or what it gave. */
async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    return error instanceof StatusError ? `${error.code} ${error.message}` : String(error);
  }
}

describe('streams of a pod', () => {
  it('find the container', async () => {
    const lab = new NodeLab();
    lab.pod('one', { containers: [container('a'), container('b')], initContainers: [container('init')] });
    lab.pod(
      'two',
      { containers: [container('a'), container('b')] },
      { annotations: { 'kubectl.kubernetes.io/default-container': 'b' } },
    );
    lab.runtime.behaviours.set('init', [{ endsAfterMs: 0 }]);
    await lab.pass(100);
    const { streams } = lab.kubelet;
    const log = async (pod: string, name?: string) =>
      (await text(await streams.logs(of(pod, name), LOG))).split(' ').slice(0, 3).join(' ');
    expect(await log('one')).toBe('log of a');
    expect(await log('one', 'b')).toBe('log of b');
    expect(await log('one', 'init')).toBe('log of init');
    expect(await log('two')).toBe('log of b');
    expect(await refusal(streams.logs(of('one', 'c'), LOG))).toBe('400 container c is not valid for pod one');
    expect(await refusal(streams.logs(of('none'), LOG))).toBe('404 pods "none" not found');
    expect(await refusal(streams.exec(of('one', 'init'), AS_USUAL))).toBe('400 container not found ("init")');
    const session = await streams.exec(of('one'), AS_USUAL);
    session.stdout.resume();
    session.stderr.resume();
    expect(await session.exit).toEqual({ exitCode: 0 });
  });

  it('say why there is nothing yet', async () => {
    const lab = new NodeLab();
    const { streams } = lab.kubelet;
    lab.create({ kind: 'Pod', metadata: { name: 'unbound' }, spec: { containers: [container('a')] } });
    lab.pod('elsewhere', { nodeName: 'other' });
    lab.pod('pulling', { containers: [container('a', 'example.com/x')] });
    await lab.pass(100);
    expect(await refusal(streams.logs(of('unbound'), LOG))).toBe('400 pod unbound does not have a host assigned');
    expect(await refusal(streams.logs(of('elsewhere'), LOG))).toBe(
      '400 container "main" in pod "elsewhere" is waiting to start: ContainerCreating',
    );
    expect(await refusal(streams.logs(of('pulling'), LOG))).toBe(
      '400 container "a" in pod "pulling" is waiting to start: trying and failing to pull image',
    );
    expect(await refusal(streams.exec(of('pulling'), AS_USUAL))).toBe('400 container not found ("a")');
    expect(await refusal(streams.attach(of('pulling'), { stdin: true, tty: false }))).toBe(
      '400 container not found ("a")',
    );
    expect(await refusal(streams.portForward({ namespace: 'default', pod: 'elsewhere' }, 80))).toBe(
      '400 unable to forward port because pod is not running. Current status=',
    );
  });

  it('remember what ran before', async () => {
    const lab = new NodeLab();
    const { streams } = lab.kubelet;
    const log = async (previous: boolean) => (await text(await streams.logs(of('p'), { ...LOG, previous }))).trim();
    lab.runtime.behaviours.set('main', [{ endsAfterMs: 1000 }, { endsAfterMs: 1000 }, {}]);
    lab.pod('p');
    await lab.pass(500);
    const first = await log(false);
    expect(await refusal(log(true))).toBe('400 previous terminated container "main" in pod "p" not found');
    await lab.pass(2000);
    expect(await log(true)).toBe(first);
    const second = await log(false);
    await lab.pass(1000);
    expect(lab.line('p')).toBe('Running main=CrashLoopBackOff×1');
    expect([await log(false), await log(true)]).toEqual([second, second]);
    await lab.pass(10_000);
    expect(lab.line('p')).toBe('Running main=running×2 ready');
    expect(await log(true)).toBe(second);
    expect(lab.runtime.containers.size).toBe(2);
  });

  it('still tell of a pod that is over', async () => {
    const lab = new NodeLab();
    const { streams } = lab.kubelet;
    lab.runtime.behaviours.set('main', [{ endsAfterMs: 0 }]);
    lab.pod('p', { restartPolicy: 'Never' });
    await lab.pass(100);
    expect(lab.line('p')).toBe('Succeeded main=Completed:0');
    expect(await text(await streams.logs(of('p'), LOG))).toMatch(/^log of main/);
    expect(await refusal(streams.exec(of('p'), AS_USUAL))).toBe('400 container not found ("main")');
    expect(await refusal(streams.portForward({ namespace: 'default', pod: 'p' }, 80))).toBe(
      '400 unable to forward port because pod is not running. Current status=Succeeded',
    );
  });

  it('forward ports', async () => {
    const lab = new NodeLab();
    lab.runtime.answers.set('80', [true]);
    lab.runtime.answers.set('81', [false]);
    lab.pod('p');
    await lab.pass(100);
    const target = { namespace: 'default', pod: 'p' };
    (await lab.kubelet.streams.portForward(target, 80)).destroy();
    expect(await refusal(lab.kubelet.streams.portForward(target, 81))).toBe('400 port 81 is closed');
  });
});
