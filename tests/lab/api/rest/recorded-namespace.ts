/** `kubectl create namespace x` as protobuf: envelope, TypeMeta, and metadata with a name. */
const text = (value: string) => [...new TextEncoder().encode(value)];
const field = (number: number, bytes: readonly number[]) => [(number << 3) | 2, bytes.length, ...bytes];

const typeMeta = [...field(1, text('v1')), ...field(2, text('Namespace'))];
const namespace = [...field(1, field(1, text('x'))), ...field(2, []), ...field(3, field(1, []))];

export const namespaceBody = Uint8Array.from([...text('k8s'), 0, ...field(1, typeMeta), ...field(2, namespace)]);
