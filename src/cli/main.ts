#!/usr/bin/env node
// Nothing is imported statically here: an old Node must get as far as this message, and `--help` must stay quick.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`error: Sallyport needs Node.js 20.19 or newer, this is ${process.versions.node}\n`);
  process.exitCode = 2;
} else {
  const { runCommandLine } = await import('./command-line.ts');
  await runCommandLine(process.argv);
}
