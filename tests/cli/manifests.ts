import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder of its own for one test file; `remove` takes it away. */
export function temporaryFolder(): {
  readonly path: string;
  readonly write: (name: string, content: string | Uint8Array) => string;
  readonly remove: () => void;
} {
  const path = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
  return {
    path,
    write: (name, content) => {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

export const namespace = (name: string): string => `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`;

export const deployment = (namespaceName: string, name: string, port: number): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  namespace: ${namespaceName}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: ${name}
  template:
    metadata:
      labels:
        app: ${name}
    spec:
      containers:
        - name: main
          image: example/${name}
          ports:
            - containerPort: ${port}
              name: main
`;

export const service = (namespaceName: string, name: string, port: number): string => `apiVersion: v1
kind: Service
metadata:
  name: ${name}
  namespace: ${namespaceName}
spec:
  selector:
    app: ${name}
  ports:
    - port: ${port}
      targetPort: main
`;

export const policy = (namespaceName: string, name: string, spec: string): string => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: ${name}
  namespace: ${namespaceName}
spec:
${spec.replaceAll(/^/gm, '  ')}
`;

/** web may reach db:5432 and nothing else may. */
export const shop = [
  namespace('shop'),
  deployment('shop', 'web', 8080),
  deployment('shop', 'db', 5432),
  service('shop', 'db', 80),
  policy(
    'shop',
    'db',
    'podSelector:\n  matchLabels:\n    app: db\npolicyTypes: [Ingress, Egress]\ningress:\n  - from:\n      - podSelector:\n          matchLabels:\n            app: web\n    ports:\n      - port: 5432',
  ),
].join('---\n');
