import type { Command } from 'commander';
import { processEnvironment, readConfig, type Config } from '../config.js';
import { readCredentials, type DemoCredentials } from '../dev/demo-credentials.js';
import type { DemoPulsara } from '../dev/demo-pulsara.js';
import { makeDemo } from '../dev/demo-database.js';
import { progressLine, run } from './command.js';
import { serveUntilStopped } from './serve.js';

export function demoCommand(program: Command): void {
  const command = program
    .command('demo')
    .description('serve realistic demo data from data/demo.sqlite, which is made on the first run')
    .option('--json', 'when it listens, print the credentials as one line of JSON')
    .option('--with-upstream', 'start a Pulsara beside it, on the next port, from which cases arrive by webhook')
    .action(({ json, withUpstream }: { json?: boolean; withUpstream?: boolean }) =>
      run(command, async () => {
        const file = 'data/demo.sqlite';
        const config = readConfig({
          PORTICO_LOG_LEVEL: 'warn',
          ...processEnvironment,
          PORTICO_DATABASE_URL: `sqlite:${file}`,
          PORTICO_SOURCE_URL: '',
          PORTICO_ALLOW_LOOPBACK: 'true',
        });
        const line = progressLine();
        const made = await makeDemo(file, config, (text) => {
          if (process.stderr.isTTY) line.show(text);
          else process.stderr.write(`${text}\n`);
        });
        line.clear();
        if (made) process.stderr.write(`Made the demo database ${file}.\n`);
        let upstream: { stop(): Promise<void> } | undefined;
        return serveUntilStopped(config, async (_running, portico) => {
          const credentials = await readCredentials(portico, config, { withUpstream: withUpstream ?? false });
          const said = json ? JSON.stringify(credentials) : whatToTry(config, credentials).join('\n');
          process.stdout.write(`${said}\n`);
          const { pulsara } = credentials;
          if (withUpstream && pulsara) {
            if (!json) process.stdout.write(`${howToWatch(config, credentials).join('\n')}\n`);
            upstream = await play(config, pulsara);
          }
        }).finally(() => upstream?.stop());
      }),
    );
}

/** Loaded when it is asked for: a demo without it does not wait for its libraries. */
async function play({ baseUrl }: Config, pulsara: DemoPulsara): Promise<{ stop(): Promise<void> }> {
  const { playCases } = await import('../dev/upstream/play.js');
  process.stderr.write(`Cases arrive from ${pulsara.upstreamUrl}; watch them at ${baseUrl}/manager/integrations\n`);
  return playCases(pulsara, (line) => process.stderr.write(`${line}\n`));
}

/** The other end of a case: its summary in a folder, and in a record system, which the demo plays as well. */
const howToWatch = ({ baseUrl }: Config, { organizationToken, ehr }: DemoCredentials): string[] => [
  '',
  'The summary of each case that is closed, in a folder and in the record of another system, by:',
  `  npx portico watch --url ${baseUrl} --token ${organizationToken.token} --to ./summaries --every 5${
    ehr ? ` --fhir ${ehr.fhirUrl} --fhir-client ${ehr.clientId}:${ehr.clientSecret}` : ''
  }`,
  '',
];

/** Lines that work when they are pasted into a shell. */
function whatToTry({ baseUrl }: Config, credentials: DemoCredentials): string[] {
  const { patient, organization, organizationToken, backend, logins } = credentials;
  const fhir = `${baseUrl}/fhir/R4`;
  const token = (id: string, secret: string): string =>
    `$(curl -s -u '${id}:${secret}' -d grant_type=client_credentials ${baseUrl}/oauth/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`;
  return [
    '',
    'Portico demo: two organizations, 60 patients, 12,000 observations, 250 PDF summaries, 401 notes.',
    `  FHIR base   ${fhir}`,
    `  token URL   ${baseUrl}/oauth/token`,
    '',
    `A key that the patient ${patient.id} made for an app; it opens their own record and nothing else:`,
    `  key     ${patient.key}`,
    `  secret  ${patient.secret}`,
    `A client of the organization ${organization.id}:`,
    `  client id      ${organization.clientId}`,
    `  client secret  ${organization.clientSecret}`,
    `An organization token: ${organizationToken.token}`,
    `A backend service: client id ${backend.clientId}; its private key is in the file below.`,
    '',
    `Pages, at ${baseUrl}/portal/login:`,
    `  as a patient  ${logins.patient.email}  ${logins.patient.password}`,
    `  as a manager  ${logins.manager.email}  ${logins.manager.password}`,
    `A clinician, at POST ${baseUrl}/api/auth/login: ${logins.clinician.email}  ${logins.clinician.password}`,
    '',
    'Try these:',
    `  curl -H "Authorization: Bearer ${token(patient.key, patient.secret)}" ${fhir}/Patient/${patient.id}`,
    `  curl -H "Authorization: Bearer ${token(patient.key, patient.secret)}" '${fhir}/Observation?category=vital-signs&_sort=-date&_count=3&_pretty=true'`,
    `  curl -H "Authorization: Bearer ${token(organization.clientId, organization.clientSecret)}" '${fhir}/DocumentReference?patient=${patient.id}&_include=DocumentReference:author&_pretty=true'`,
    '',
    'The same stands in data/demo-credentials.json.',
  ];
}
