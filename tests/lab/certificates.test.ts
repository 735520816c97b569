import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { serverCertificate } from '../../src/lab/certificates.ts';

async function answer(options: https.RequestOptions): Promise<string> {
  return new Promise((resolve) => {
    const request = https.get(options, (response) => {
      response.resume();
      response.on('end', () => resolve(String(response.statusCode)));
    });
    request.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? error.message));
  });
}

test('who has the authority trusts the server under all of its names, and nobody else does', async () => {
  const options = { dnsNames: ['localhost', 'kubernetes.default.svc'], addresses: ['127.0.0.1', 'fd00::1'] };
  const { authority, certificate, key } = await serverCertificate({ ...options, nowMs: Date.now() });
  const other = await serverCertificate({ ...options, nowMs: Date.now() });
  const server = https.createServer({ cert: certificate, key }, (_request, response) => response.end('ok'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const from = { host: '127.0.0.1', port, agent: false };
    expect(await answer({ ...from, ca: authority })).toBe('200');
    for (const servername of ['localhost', 'kubernetes.default.svc'])
      expect(await answer({ ...from, ca: authority, servername })).toBe('200');
    expect(await answer({ ...from, ca: authority, servername: 'example.com' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await answer({ ...from, ca: other.authority })).not.toBe('200');
    expect(await answer(from)).not.toBe('200');
  } finally {
    server.close();
  }
});
