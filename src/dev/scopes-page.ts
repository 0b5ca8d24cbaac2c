import { nativeScopes } from '../../fhir/native-scopes.js';
import type { Registry } from '../registry.js';

/** docs/scopes.md: every native scope, the FHIR types that it governs, and which of them are served. */
export function scopesPage(registry: Registry): string {
  const served = new Set(registry.types);
  const groups = Object.entries(nativeScopes).map(([group, names]) => {
    const rows = Object.entries(names).map(([name, { permissions, governs }]) => {
      const here = governs.filter((each) => served.has(each.split('?')[0] as string));
      return [`\`system/${name}\``, permissions.map((each) => `\`.${each}\``).join(' '), listed(governs), listed(here)];
    });
    return [`## ${group}`, '', ...table(rows)].join('\n');
  });
  return `${[introduction, ...groups].join('\n\n')}\n`;
}

const introduction = `# Native scopes

<!-- Written by npm run scopes from fhir/native-scopes.ts. -->

The scopes of the native system, in Elation's names: a client asks for \`system/vitals.read\` as it does for \`system/Observation.rs\`. A
native scope opens the rows that came from its native resource, which \`meta.tag\` shows, and no other row of the type; the search
behind a type says what marks such rows. \`.read\` is read and search, \`.write\` is create, update and delete; neither is the other. A
name without a type, or with types that are not served, is a valid scope that opens nothing of FHIR.`;

const listed = (governs: readonly string[]): string => governs.map((each) => `\`${each}\``).join(', ');

const table = (rows: readonly (readonly string[])[]): string[] =>
  [['Scope', 'Permissions', 'FHIR types', 'Served'], ['---', '---', '---', '---'], ...rows].map(
    (cells) => `| ${cells.join(' | ')} |`,
  );
