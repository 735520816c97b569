import { describe, expect, test } from 'vitest';
import { messageNames, messageType } from '../../../src/lab/api/message-table.ts';
import { builtInResources } from '../../../src/lab/api/resources.ts';

const fieldOf = (message: Parameters<typeof messageType>[0], name: string) => messageType(message).fields.get(name);

describe('the type table', () => {
  test('every line is readable, and no protobuf number is given twice', () => {
    for (const name of messageNames) {
      const { fields, numbered } = messageType(name);
      const all = [...fields.values()].filter(({ number }) => number !== undefined);
      const inline = [...numbered.values()].filter((field) => field.inline);
      const opened = inline.flatMap(({ type }) => ('message' in type ? [...messageType(type.message).fields] : []));
      expect(numbered.size, name).toBe(all.length - opened.length + inline.length);
    }
  });

  test('the merge keys that matter', () => {
    expect(fieldOf('PodSpec', 'volumes')).toMatchObject({ merge: { key: 'name' }, retainKeys: true });
    expect(fieldOf('ServiceSpec', 'ports')).toMatchObject({
      merge: { key: 'port' },
      list: { type: 'map', keys: ['port', 'protocol'] },
    });
    expect(fieldOf('ObjectMeta', 'finalizers')).toMatchObject({ merge: { key: undefined }, list: { type: 'set' } });
    expect(fieldOf('DeploymentSpec', 'strategy')).toMatchObject({ merge: undefined, retainKeys: true });
    // The lists of a network policy are replaced as a whole.
    expect(fieldOf('NetworkPolicySpec', 'ingress')).toMatchObject({ merge: undefined, list: { type: 'atomic' } });
  });

  test('defaults, pointers, and opened inline messages', () => {
    expect(fieldOf('DeploymentSpec', 'replicas')).toMatchObject({ pointer: true, defaultValue: 1 });
    expect(fieldOf('RollingUpdateDeployment', 'maxSurge')).toMatchObject({ defaultValue: '25%' });
    expect(fieldOf('Volume', 'configMap')).toMatchObject({ inline: false, type: { message: 'ConfigMapVolumeSource' } });
    expect(messageType('Volume').fields.has('VolumeSource')).toBe(false);
  });

  test('every built-in resource has the fields of an object', () => {
    for (const { message, kind } of builtInResources) {
      expect(message, kind).toBeDefined();
      if (message !== undefined) expect([...messageType(message).fields.keys()], kind).toContain('metadata');
    }
  });
});
