import { ownFolderWalk } from '../demo/own-folder.ts';
import { threeTierWalk } from '../demo/three-tier.ts';
import { type LoadOptions, loadObjects } from '../load.ts';
import { lookFor } from '../print-report.ts';
import { commandLines, labDemo, type LabDemoOptions } from './lab-demo.ts';

export interface DemoOptions extends LoadOptions, LabDemoOptions {
  readonly static?: true | undefined;
}

export async function runDemo(options: DemoOptions): Promise<void> {
  const look = lookFor(options);
  // Standard input is not read unless it is named: the demonstration is what somebody types first.
  if (options.filename.length > 0 || options.kustomize.length > 0) {
    const objects = await loadObjects(options, { example: 'sallyport demo', json: false });
    for (const part of ownFolderWalk(objects, look)) process.stdout.write(part);
    process.stdout.write(afterOwn(options));
  } else if (options.static === true) {
    for await (const part of threeTierWalk(look)) process.stdout.write(part);
    process.stdout.write(afterExample);
  } else {
    await labDemo(options);
  }
}

const afterExample = `== Now with your own manifests
${commandLines([
  ['npx sallyport demo -f DIR', 'this walk'],
  ['npx sallyport map -f DIR', 'who may talk to whom'],
  ['npx sallyport can shop/web db/svc/postgres:5432 -f DIR', 'why, or why not'],
])}`;

function afterOwn({ filename, kustomize }: LoadOptions): string {
  const input = [...filename.map((path) => `-f ${path}`), ...kustomize.map((path) => `-k ${path}`)].join(' ');
  return `== On your own
${commandLines([
  [`npx sallyport map ${input}`, 'who may talk to whom'],
  [`npx sallyport map ${input} --denied -n NAMESPACE`, 'and who may not'],
  [`npx sallyport can NS/NAME NS/NAME:PORT ${input}`, 'why, or why not'],
])}`;
}
