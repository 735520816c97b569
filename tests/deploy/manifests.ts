import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

export const manifestFolder = fileURLToPath(new URL('../../deploy/kubernetes/', import.meta.url));

export interface DeployedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels: Record<string, string> };
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
  readonly spec?: { readonly template: { readonly spec: PodSpec } };
}

interface Probe {
  readonly httpGet: { readonly host?: string; readonly port: number; readonly path: string };
}

export interface PodSpec {
  readonly hostNetwork: boolean;
  readonly hostPID?: boolean;
  readonly volumes?: readonly unknown[];
  readonly priorityClassName: string;
  readonly securityContext: object;
  readonly containers: readonly {
    readonly image: string;
    readonly args: readonly string[];
    readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
    readonly ports?: readonly object[];
    readonly securityContext: object;
    readonly startupProbe: Probe;
    readonly livenessProbe: Probe;
    readonly readinessProbe: Probe;
    readonly resources: object;
  }[];
}

export function objectsIn(text: string): DeployedObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors.length > 0) throw document.errors[0] ?? new Error('no YAML');
    const object = document.toJS() as DeployedObject | null;
    return object === null ? [] : [object];
  });
}

export function manifestFiles(): string[] {
  return readdirSync(manifestFolder).filter((name) => name !== 'kustomization.yaml');
}

export function manifestText(name: string): string {
  return readFileSync(`${manifestFolder}${name}`, 'utf8');
}

export function manifestObjects(): DeployedObject[] {
  return manifestFiles().flatMap((name) => objectsIn(manifestText(name)));
}

/** The container of the agent. */
export function agentIn(objects: readonly DeployedObject[]): PodSpec['containers'][number] {
  const [container, ...more] = objects.flatMap(({ spec }) => spec?.template.spec.containers ?? []);
  if (container === undefined || more.length > 0) throw new Error('not one container');
  return container;
}
