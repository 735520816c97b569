/** X.509 certificates for tests, made on the spot: just enough DER, so that no key lies in the repository. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface Certificate {
  /** PEM */
  readonly certificate: string;
  readonly key: string;
  readonly name: Buffer;
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const oid = (...bytes: readonly number[]): Buffer => der(6, Buffer.from(bytes));

const ecdsaWithSha256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2));
const utcTime = (text: string): Buffer => der(0x17, Buffer.from(text));

function distinguishedName(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid(0x55, 4, 3), der(0x0c, Buffer.from(commonName)))));
}

function extension(id: number, value: Buffer): Buffer {
  return sequence(oid(0x55, 0x1d, id), der(4, value));
}

let serial = 1;

/**
 * A certificate, signed by `issuer` or by itself.
 *
 * @param names DNS names that it is good for
 * @param expired whether its time is over
 */
export function certificate(
  commonName: string,
  options: {
    readonly issuer?: Certificate;
    readonly names?: readonly string[];
    readonly addresses?: readonly (readonly number[])[];
    readonly expired?: boolean;
  } = {},
): Certificate {
  const { issuer, names = [], addresses = [], expired = false } = options;
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = distinguishedName(commonName);
  const isAuthority = issuer === undefined;
  const extensions = [extension(0x13, sequence(...(isAuthority ? [der(1, Buffer.from([0xff]))] : [])))];
  const alternatives = [
    ...names.map((text) => der(0x82, Buffer.from(text))),
    ...addresses.map((bytes) => der(0x87, Buffer.from(bytes))),
  ];
  if (alternatives.length > 0) extensions.push(extension(0x11, sequence(...alternatives)));
  const body = sequence(
    der(0xa0, der(2, Buffer.from([2]))),
    der(2, Buffer.from([1, ++serial])),
    ecdsaWithSha256,
    issuer?.name ?? name,
    sequence(utcTime('200101000000Z'), utcTime(expired ? '200102000000Z' : '491231000000Z')),
    name,
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signer: KeyObject = issuer === undefined ? pair.privateKey : createPrivateKey(issuer.key);
  const signature = sign('sha256', body, signer);
  const whole = sequence(body, ecdsaWithSha256, der(3, Buffer.from([0]), signature));
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    name,
  };
}
