import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { typeDefinition } from '../../validate/definitions.js';
import { planResource, type ResourcePlan } from './plan.js';
import { declarationText, migrationText, samplesOf, testText } from './text.js';
import { codeOf, sampleOf, withoutConflicts } from './samples.js';

/** What was written, and what is left to a person. */
export interface Made {
  readonly files: readonly string[];
  readonly left: readonly string[];
}

/** Why nothing was written. */
export interface Refused {
  readonly refused: string;
}

/** Types that rows are no resources of: what is abstract, and what only carries or answers. Binary has an owner. */
const notOfRows = new Set(['Resource', 'DomainResource', 'Binary', 'Bundle', 'OperationOutcome', 'Parameters']);

/** Writes a declaration, a migration and a test for a type of R4 below a checkout. */
export async function newResource(root: string, type: string): Promise<Made | Refused> {
  const plan = planResource(type);
  if (!plan) return { refused: `R4 has no resource type ${type}` };
  if (notOfRows.has(type)) return { refused: `${type} is not a resource that rows can be` };
  if (!existsSync(join(root, 'fhir')) || !existsSync(join(root, 'migrations')))
    return { refused: 'This is no checkout of Portico: there is no fhir/ or no migrations/ here' };
  const declaration = join(root, 'fhir', `${plan.file}.ts`);
  if (existsSync(declaration)) return { refused: `fhir/${plan.file}.ts is there already` };
  const files: [path: string, text: string][] = [
    [declaration, declarationText(plan)],
    [join(root, 'migrations', `${nextNumber(root)}_${plan.table}.ts`), migrationText(plan)],
    [join(root, 'test', 'fhir', `${plan.file}.test.ts`), testText(plan, samples(plan))],
  ];
  const { format, resolveConfig } = await import('prettier');
  for (const [path, text] of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, await format(text, { ...(await resolveConfig(path)), parser: 'typescript' }));
  }
  return { files: files.map(([path]) => path), left: plan.left };
}

function nextNumber(root: string): string {
  const numbers = readdirSync(join(root, 'migrations')).map((name) => Number(/^(\d{3})_/.exec(name)?.[1] ?? 0));
  return String(Math.max(...numbers) + 1).padStart(3, '0');
}

/** Values for every element that has columns, and for what the type requires beside them. */
function samples(plan: ResourcePlan): Record<string, unknown> {
  const found = samplesOf(plan.elements, codeOf);
  const definition = typeDefinition(plan.type);
  for (const path of definition?.mandatory ?? []) {
    const name = path.replace('[x]', '');
    if (path.includes('.') || Object.keys(found).some((key) => key.startsWith(name))) continue;
    const element = definition?.schema.elements[path];
    if (element) Object.assign(found, sampleOf(path, element));
  }
  return withoutConflicts(plan.type, found);
}
