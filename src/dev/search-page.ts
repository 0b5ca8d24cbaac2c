import { modifiersOf, prefixes } from '../define/params.js';
import type { Registry } from '../registry.js';
import { leftOut, refusedModifiers, refusedParameters } from '../search/left-out.js';

/** docs/search.md: what of R4's search is not here and why, and the modifiers of each kind of parameter. */
export function searchPage(registry: Registry): string {
  const kinds = new Map<string, Set<string>>();
  for (const { params } of registry.all())
    for (const { param, definition } of params.values()) {
      const known = kinds.get(definition.type) ?? new Set();
      kinds.set(definition.type, new Set([...known, ...modifiersOf(param)]));
    }
  const taken = [...kinds].sort().map(([kind, modifiers]) => {
    const types = kind === 'reference' ? [':[type]'] : [];
    const ordered = kind === 'date' || kind === 'quantity' ? prefixes : [];
    return [kind, coded([...[...modifiers].map((each) => `:${each}`), ...types]), coded(ordered)];
  });
  const everywhere = Object.entries(refusedParameters).map(([name, why]) => [coded([name]), why]);
  const modifiers = refusedModifiers.map(({ name, kinds: of, why }) => [coded([`:${name}`]), of.join(', '), why]);
  const types = registry.all().map((resource): [string, Map<string, string[]>] => {
    const byReason = new Map<string, string[]>();
    for (const { name, why } of leftOut(resource)) byReason.set(why, [...(byReason.get(why) ?? []), name]);
    return [resource.type, byReason];
  });
  const missing = types.flatMap(([type, byReason]) => [...byReason].map(([why, names]) => [type, coded(names), why]));
  return `${[
    introduction,
    '## Modifiers and prefixes',
    table(['Kind', 'Modifiers', 'Prefixes'], taken),
    'Not every parameter of a kind takes all of them: `:text` needs a column with words, `:of-type` one with the type of an identifier. The CapabilityStatement says it of each. On types whose rows belong to patients, `:contains` and `:text` need something beside them: [why](decisions/0024-words-within-texts.md).',
    '## Modifiers that are refused',
    table(['Modifier', 'Kind', 'Why'], modifiers),
    '## Parameters of every search that are refused',
    table(['Parameter', 'Why'], everywhere),
    '## Parameters of the served types that are left out',
    table(['Type', 'Parameters', 'Why'], missing),
  ].join('\n\n')}\n`;
}

const introduction = `# Search: what is taken and what is not

<!-- Written by npm run search-page from the declarations and the published definitions. -->

Every search parameter that R4 publishes for a served type is either declared, and then the CapabilityStatement lists it, or stands in the
last table. What is refused is 400 with the reason in the OperationOutcome; with \`Prefer: handling=lenient\` a parameter, but never a
modifier, is left out instead, and the Bundle says so.`;

const coded = (names: readonly string[]): string => names.map((each) => `\`${each}\``).join(' ');

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
