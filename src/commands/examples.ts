import { Help, type Command, type Option } from 'commander';

/** What `--help` ends with, by the name of the command. */
export const examples: Readonly<Record<string, readonly string[]>> = {
  portico: ['portico demo --with-upstream', 'portico serve', 'portico credential create --help'],
  'portico serve': ['PORT=8080 PORTICO_BASE_URL=https://fhir.clinic.example portico serve'],
  'portico migrate': ['portico migrate', 'portico migrate --rollback'],
  'portico demo': ['portico demo --with-upstream', 'PORT=9090 portico demo --json'],
  'portico import': ['portico import bundle.json', 'portico import ./ndjson --org north --json'],
  'portico export': ['portico export --to ./export --org north'],
  'portico org create': [
    "portico org create --id north --name 'North Clinic'",
    "portico org create --id south --name South --plan custom --per-minute 5000 --burst 500 --scope 'system/*.rs'",
  ],
  'portico org update': [
    'portico org update north --website https://clinic.example',
    'portico org update north --no-scope',
  ],
  'portico org share': ['portico org share ems --with north'],
  'portico user create': [
    "portico user create --email nurse@clinic.example --name 'Ward nurse' --roles clinician",
    'portico user create --email it@clinic.example --name IT --roles admin --manage-keys --password-stdin < password.txt',
  ],
  'portico user set-roles': ['portico user set-roles nurse@clinic.example --roles clinician admin'],
  'portico credential create': [
    "portico credential create --kind client --name 'Data warehouse' --scope 'system/Observation.rs system/Patient.rs'",
    "portico credential create --kind portal --name 'Health app' --patient p-001",
    'portico credential create --kind backend --name Reports --jwks-url https://reports.example/jwks.json',
    'portico credential create --kind app --public --name App --redirect-uri http://localhost:8000/app.html',
  ],
  'portico credential rotate': ['portico credential rotate XcQ5qjIHdpyV7MvD --overlap 48'],
  'portico credential revoke': ['portico credential revoke XcQ5qjIHdpyV7MvD'],
  'portico webhook create': [
    'portico webhook create --name Engine --url https://engine.example/hook --event document.created',
  ],
  'portico webhook hosts': ['portico webhook hosts --org north --allow engine.example'],
  'portico integration create': [
    'portico integration create --name Pulsara --upstream https://api.pulsara.example --token-file token.txt --mrn-system urn:oid:2.25.1234',
  ],
  'portico integration list': ['portico integration list', 'portico integration list 24c17c7309d7ad07 --json'],
  'portico integration replay': ['portico integration replay 24c17c7309d7ad07'],
  'portico integration rotate': ['portico integration rotate 24c17c7309d7ad07 --token-file token.txt'],
  'portico watch': [
    'portico watch --url https://portico.example --token @org-token.txt --to ./summaries',
    'portico watch --url https://portico.example --token @org-token.txt --to ./summaries --fhir https://ehr.example/fhir/R4 --fhir-client @ehr-client.txt',
  ],
  'portico audit verify': ['portico audit verify --json'],
  'portico keys rotate': ['portico keys rotate', 'portico keys rotate --now'],
  'portico capability': ['portico capability --write capability-statement.json'],
  'portico check-source': ['PORTICO_SOURCE_URL=postgres://reader@emr.example/emr portico check-source'],
  'portico new-resource': ['portico new-resource Condition'],
};

/** Says of an option that it must be given, and of an empty list nothing. */
export const helpWords: Partial<Help> = {
  optionDescription: (option: Option) => {
    const { defaultValue } = option as { defaultValue?: unknown };
    const text = Array.isArray(defaultValue) ? option.description : Help.prototype.optionDescription(option);
    return option.mandatory ? `${text} (required)` : text;
  },
};

/** Ends the help of every command with examples, where it has any, and with the exit codes. */
export function addExamples(command: Command, above = ''): void {
  const name = `${above}${command.name()}`;
  const lines = examples[name] ?? [];
  const shown = lines.length === 0 ? '' : `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
  command.addHelpText('after', `${shown}\nExit codes: 0 done, 1 refused or failed, 2 wrongly called or configured`);
  for (const each of command.commands) addExamples(each, `${name} `);
}
