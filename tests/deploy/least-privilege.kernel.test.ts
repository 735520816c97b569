/** The agent with no more privileges than the manifests give it: all of it works, reading the kernel's log included. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pod, shop } from '../agent/objects.ts';
import { AgentProcess } from '../packets/agent-process.ts';
import { describeKernel } from '../packets/kernel.ts';
import { Namespaces, type Namespace } from '../packets/namespaces.ts';
import { agentIn, manifestObjects } from './manifests.ts';

const { capabilities } = agentIn(manifestObjects()).securityContext as { capabilities: { add: readonly string[] } };

/** As a container with these capabilities: none besides, and no way to get more. */
function confined(namespace: Namespace): Namespace {
  const bounding = ['-all', ...capabilities.add.map((name) => `+${name.toLowerCase()}`)].join(',');
  const options = ['--no-new-privs', '--inh-caps=-all', `--bounding-set=${bounding}`];
  return Object.create(namespace, {
    enter: {
      value: (...argv: readonly [string, ...string[]]) => namespace.enter('setpriv', ...options, '--', ...argv),
    },
  }) as Namespace;
}

describeKernel('the agent with the capabilities of the manifests', () => {
  const namespaces = new Namespaces();
  let agent: AgentProcess;

  beforeAll(async () => {
    const host = await namespaces.add();
    host.ip(4, ['link set lo up']);
    agent = await AgentProcess.prepare(confined(host), shop);
    await agent.start('node-1');
  });
  afterAll(async () => {
    await agent.close();
    await namespaces.close();
  });

  it('enforces, reads the packet log, and counts', async () => {
    await agent.server.ask('apply', pod('db', '10.0.1.3'));
    await agent.until(({ event, full }) => event === 'applied' && full === false);
    const { status, flowLog } = JSON.parse(await agent.fetch('/statusz')) as {
      status: { preconditions: readonly { name: string; state: string }[]; tablePresent: boolean };
      flowLog: { state: object };
    };
    const states = new Map(status.preconditions.map(({ name, state }) => [name, state]));
    expect([states.get('capability'), states.get('nft'), status.tablePresent]).toEqual(['ok', 'ok', true]);
    expect(flowLog.state).toEqual({ type: 'reading', reader: 'perl' });
    expect(agent.heardLines.filter(({ event }) => event === 'apply-failed' || event === 'remark')).toEqual([]);
  });
});
