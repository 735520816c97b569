import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { agentCommand } from '../../src/cli/commands/agent.ts';
import { enforcedKinds } from '../../src/io/kubernetes/watched-kinds.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { AuditContext } from '../../src/rules/audit-context.ts';
import { audit } from '../../src/rules/audit.ts';
import { readConfig } from '../../src/rules/config.ts';
import { agentIn, manifestFiles, manifestFolder, manifestObjects, manifestText } from './manifests.ts';

const objects = manifestObjects();
const named = (kind: string) => objects.filter((object) => object.kind === kind);
const pod = named('DaemonSet')[0]?.spec?.template.spec;

describe('the manifests', () => {
  it('are all in the kustomization', () => {
    const { resources } = parse(readFileSync(`${manifestFolder}kustomization.yaml`, 'utf8')) as { resources: string[] };
    expect(resources.toSorted()).toEqual(manifestFiles());
  });

  it('are what our own reader understands, and what our own audit lets pass', () => {
    const sources = manifestFiles().map((name) => ({ name, text: manifestText(name) }));
    const { objects: read, diagnostics } = readManifests(sources);
    expect(diagnostics).toEqual([]);
    expect(read.workloads.map(({ kind, meta }) => `${meta.namespace}/${kind}/${meta.name}`)).toEqual([
      'sallyport-system/DaemonSet/sallyport',
    ]);
    const context = new AuditContext({
      objects: read,
      cluster: buildCluster(read),
      sources,
      settings: { today: '2026-01-01' },
    });
    const { config } = readConfig({ name: 'none', text: '' });
    expect(audit({ context, config, diagnostics }).findings).toEqual([]);
  });

  it('give the right to read what the agent watches, and nothing else', () => {
    const given = named('ClusterRole').flatMap(({ rules = [] }) =>
      rules.flatMap(({ apiGroups, resources, verbs }) =>
        apiGroups.flatMap((group) => resources.map((resource) => `${group}/${resource} ${verbs.join(' ')}`)),
      ),
    );
    const wanted = enforcedKinds.map(({ group, plural }) => `${group}/${plural} list watch`);
    expect(given.toSorted()).toEqual([...new Set(wanted)].toSorted());
    expect(named('Role')).toEqual([]);
  });

  it('have one capability, and nothing to write to', () => {
    expect(agentIn(objects).securityContext).toEqual({
      runAsUser: 0,
      runAsGroup: 0,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
    });
    expect(pod?.securityContext).toEqual({ seccompProfile: { type: 'RuntimeDefault' } });
    expect([pod?.hostNetwork, pod?.hostPID, pod?.volumes]).toEqual([true, undefined, undefined]);
  });

  it('run the command with options that it has, and ask it where it listens', () => {
    const { args, startupProbe, livenessProbe, readinessProbe, env } = agentIn(objects);
    const [command, ...options] = args;
    const known = agentCommand().options.map(({ long }) => long);
    expect(command).toBe('agent');
    for (const option of options) expect(known).toContain(option.split('=')[0]);
    const listen = options.find((option) => option.startsWith('--listen='))?.slice('--listen='.length);
    for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe]) {
      expect(`${httpGet.host}:${httpGet.port}`).toBe(listen);
    }
    expect([startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path)).toEqual([
      '/healthz',
      '/healthz',
      '/readyz',
    ]);
    expect(env).toEqual([{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }]);
  });
});
