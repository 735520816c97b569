export interface KubeconfigFacts {
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  /** PEM. */
  readonly authority: string;
  readonly token: string;
  readonly name: string;
}

/** What kubectl needs to drive a lab. JSON is YAML, and needs no quoting rules. */
export function labKubeconfig({ server, authority, token, name }: KubeconfigFacts): string {
  const context = `sallyport-${name}`;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: context,
        cluster: { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') },
      },
    ],
    users: [{ name: context, user: { token } }],
    contexts: [{ name: context, context: { cluster: context, user: context, namespace: 'default' } }],
    'current-context': context,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
