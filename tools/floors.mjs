/** `npm run floors`: prints the import edges of every floor and fails when one breaks the house rules. */
import { fileURLToPath } from 'node:url';
import { floorOf, floorOfFolder, inspectTree, libraryIndex, readTree } from './floor-inspection.mjs';

const { modules, edges, problems } = inspectTree(readTree(fileURLToPath(new URL('../src', import.meta.url))));

const folders = [...floorOfFolder].map(([name, floor]) => ({ name, floor, holds: `${name}/` }));
for (const { name, floor, holds } of [
  ...folders,
  { name: libraryIndex, floor: floorOf(libraryIndex), holds: libraryIndex },
]) {
  const members = modules.filter((file) => file.startsWith(holds));
  if (members.length === 0) continue;
  const outward = edges.filter(({ from, to }) => from.startsWith(holds) && !to.startsWith(holds));
  const inside = edges.filter(({ from, to }) => from.startsWith(holds) && to.startsWith(holds)).length;
  console.log(`floor ${floor} ${name}: ${members.length} modules, ${inside} edges inside, ${outward.length} downward`);
  for (const { from, to } of outward) console.log(`  ${from} -> ${to}`);
}
for (const { file, line, message } of problems) console.error(`src/${file}:${line}: ${message}`);
console.log(`${modules.length} modules, ${edges.length} edges, ${problems.length} problems`);
if (problems.length > 0) process.exitCode = 1;
