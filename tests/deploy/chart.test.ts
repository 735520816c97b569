import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { chartFolder, chartValues, renderChart, type Values } from './chart.ts';
import { agentIn, manifestObjects, objectsIn, type DeployedObject } from './manifests.ts';

const namespace = 'sallyport-system';
const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(`${chartFolder}values.schema.json`, 'utf8')) as object,
);

function rendered(more: Values = {}): DeployedObject[] {
  return renderChart({ ...chartValues(), ...more }, namespace).flatMap(objectsIn);
}

const byName = (objects: readonly DeployedObject[]): Map<string, DeployedObject> =>
  new Map(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object]));

describe('the chart', () => {
  it('has the objects of the manifests, but for the namespace, which helm makes', () => {
    const manifests = manifestObjects().filter(({ kind }) => kind !== 'Namespace');
    expect(byName(rendered())).toEqual(byName(manifests));
  });

  it.skipIf(spawnSync('helm', ['version']).status !== 0)('is rendered by helm as it is here', () => {
    const { stdout } = spawnSync('helm', ['template', 'sallyport', chartFolder, '-n', namespace], { encoding: 'utf8' });
    expect(byName(objectsIn(stdout))).toEqual(byName(rendered()));
  });

  it('serves on the address of the node when asked to', () => {
    const { args, env, ports, livenessProbe } = agentIn(
      rendered({ listen: { port: 9555, onNodeAddress: true }, extraArgs: ['--verbose'] }),
    );
    expect(args).toEqual(['agent', '--listen=[$(HOST_IP)]:9555', '--verbose']);
    expect(env.map(({ name }) => name)).toEqual(['NODE_NAME', 'HOST_IP']);
    expect(ports).toEqual([{ name: 'metrics', containerPort: 9555, hostPort: 9555 }]);
    expect(livenessProbe.httpGet).toEqual({ port: 9555, path: '/healthz' });
  });

  it('takes the other values', () => {
    const objects = rendered({
      image: { repository: 'example.org/sallyport', tag: 'v9', pullPolicy: 'Always' },
      imagePullSecrets: [{ name: 'key' }],
      apiServer: { host: '192.0.2.1', port: 6443 },
      nodeSelector: {},
      tolerations: [],
      podAnnotations: { team: 'net' },
      resources: { requests: { memory: '1Gi' } },
    });
    const agent = agentIn(objects);
    expect(agent.image).toBe('example.org/sallyport:v9');
    expect(agent.resources).toEqual({ requests: { memory: '1Gi' } });
    expect(agent.env.slice(1)).toEqual([
      { name: 'KUBERNETES_SERVICE_HOST', value: '192.0.2.1' },
      { name: 'KUBERNETES_SERVICE_PORT', value: '6443' },
    ]);
    const template = objects.find(({ kind }) => kind === 'DaemonSet')?.spec?.template;
    expect(template).toMatchObject({
      metadata: { annotations: { team: 'net' } },
      spec: { imagePullSecrets: [{ name: 'key' }] },
    });
    expect(Object.keys(template?.spec ?? {})).not.toContain('tolerations');
    expect(Object.keys(template?.spec ?? {})).not.toContain('nodeSelector');
  });

  it('has values that its schema takes', () => {
    expect([validate(chartValues()), validate.errors]).toEqual([true, null]);
  });

  it.each<[string, Values]>([
    ['a misspelt name', { lisen: {} }],
    ['a port beyond all ports', { listen: { port: 70_000, onNodeAddress: false } }],
    ['an argument that is no option', { extraArgs: ['rm -rf'] }],
    ['no unavailable node at all', { maxUnavailable: 0 }],
    ['an image without a name', { image: { repository: '', pullPolicy: 'Always' } }],
  ])('refuses %s', (_name, more) => {
    expect(validate({ ...chartValues(), ...more })).toBe(false);
  });
});

describe('versions', () => {
  it('are the same everywhere', () => {
    const root = new URL('../../', import.meta.url);
    const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };
    const chart = parse(readFileSync(`${chartFolder}Chart.yaml`, 'utf8')) as { version: string; appVersion: string };
    expect([chart.version, chart.appVersion]).toEqual([version, version]);
    expect(agentIn(manifestObjects()).image).toBe(`sallyport:${version}`);
  });
});
