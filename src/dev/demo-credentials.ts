import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { createCredential, liveCredential, registerCredential } from '../auth/store.js';
import { createUser, patientUser, setPassword } from '../auth/users.js';
import type { Config } from '../config.js';
import type { Portico } from '../open.js';
import { demoEhr, type DemoEhr } from './demo-ehr.js';
import { demoPulsara, type DemoPulsara } from './demo-pulsara.js';
import { DEMO_PATIENT } from './demo/index.js';

/** What a newcomer needs to try everything; also written to data/demo-credentials.json. */
export interface DemoCredentials {
  readonly fhirUrl: string;
  readonly tokenUrl: string;
  /** A key that a patient gave to a health app. */
  readonly patient: { readonly id: string; readonly key: string; readonly secret: string };
  /** A client that may ask for every scope. */
  readonly organization: { readonly id: string; readonly clientId: string; readonly clientSecret: string };
  /** A token that is used as it is, on the native API, or exchanged for an access token. */
  readonly organizationToken: { readonly id: string; readonly token: string };
  /** A backend service: it signs its assertions with the private key. */
  readonly backend: { readonly clientId: string; readonly privateJwk: JWK };
  /** People: a patient and a manager log in to the pages, a clinician at /api/auth/login. */
  readonly logins: Readonly<Record<'patient' | 'clinician' | 'manager', DemoLogin>>;
  /** Both ends of the demo's Pulsara, once it was started with one. */
  readonly pulsara?: DemoPulsara;
  /** The record system at its other end, which `portico watch` files into. */
  readonly ehr?: DemoEhr;
}

export interface DemoLogin {
  readonly email: string;
  readonly password: string;
}

type Parts = Omit<DemoCredentials, 'fhirUrl' | 'tokenUrl' | 'logins' | 'pulsara' | 'ehr'>;
type Makers = { readonly [K in keyof Parts]: (portico: Portico) => Promise<Parts[K]> };

const tenant = DEMO_PATIENT.organization;
const EVERYTHING = 'apiv2 act_as_user system/AuditEvent.rs';

const makers: Makers = {
  patient: async ({ own, now }) => {
    const { id: patient } = DEMO_PATIENT;
    const app = { tenant, kind: 'portal', name: 'Demo health app', patient, scopeCeiling: 'patient/*.rs' } as const;
    const { id, secret } = await createCredential(own, app, now());
    return { id: patient, key: id, secret };
  },
  organization: async ({ own, now }) => {
    const client = { tenant, kind: 'client', name: 'Demo integration', scopeCeiling: EVERYTHING } as const;
    const { id, secret } = await createCredential(own, client, now());
    return { id: tenant, clientId: id, clientSecret: secret };
  },
  organizationToken: async ({ own, now }) => {
    const token = { tenant, kind: 'org', name: 'Demo organization token', scopeCeiling: 'apiv2' } as const;
    const { id, secret } = await createCredential(own, token, now());
    return { id, token: secret };
  },
  backend: async ({ own, now }) => {
    const { publicKey, privateKey } = await generateKeyPair('ES384', { extractable: true });
    const named = { kid: 'demo', alg: 'ES384' };
    const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), ...named, use: 'sig' }] });
    const service = { tenant, kind: 'backend', name: 'Demo backend service', scopeCeiling: 'system/*.rs' } as const;
    const clientId = await registerCredential(own, service, { jwks }, now());
    return { clientId, privateJwk: { ...(await exportJWK(privateKey)), ...named } };
  },
};

const people = {
  patient: { email: 'patient@demo.example', name: 'Demo patient', roles: ['patient'], canManageKeys: false },
  clinician: { email: 'clinician@demo.example', name: 'Demo clinician', roles: ['clinician'], canManageKeys: false },
  manager: { email: 'manager@demo.example', name: 'Demo manager', roles: ['admin'], canManageKeys: true },
} as const;

/** A login with the password of the file; without one, the user gets a new password. */
async function login(
  { own, now }: Portico,
  who: keyof typeof people,
  known: DemoLogin | undefined,
): Promise<DemoLogin> {
  if (known) return known;
  const { email } = people[who];
  const password = randomBytes(12).toString('base64url');
  const fhirUser = who === 'patient' ? { fhirUser: `Patient/${DEMO_PATIENT.id}` } : {};
  const made = await createUser(own, { ...people[who], tenant, password, ...fhirUser }, now());
  if (made === undefined) await setPassword(own, { tenant, email, password }, now());
  return { email, password };
}

/** The demo's credentials: those of the file while they live, new ones for the others. */
export async function readCredentials(
  portico: Portico,
  config: Config,
  { withUpstream = false } = {},
): Promise<DemoCredentials> {
  const { baseUrl } = config;
  const file = join('data', 'demo-credentials.json');
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<DemoCredentials>) : {};
  // A file that outlived its database says nothing of the people in the new one.
  const logins = (await patientUser(portico.own, tenant, DEMO_PATIENT.id)) ? known.logins : undefined;
  const kept: Partial<Parts> = {
    ...(await whileAlive(portico, known.patient?.key, { patient: known.patient })),
    ...(await whileAlive(portico, known.organization?.clientId, { organization: known.organization })),
    ...(await whileAlive(portico, known.organizationToken?.id, { organizationToken: known.organizationToken })),
    ...(await whileAlive(portico, known.backend?.clientId, { backend: known.backend })),
  };
  const ehr = withUpstream ? await demoEhr(portico, known.ehr) : known.ehr;
  const pulsara = withUpstream ? await demoPulsara(portico, config, known.pulsara) : known.pulsara;
  const credentials: DemoCredentials = {
    ...{ fhirUrl: portico.base, tokenUrl: `${baseUrl}/oauth/token` },
    patient: kept.patient ?? (await makers.patient(portico)),
    organization: kept.organization ?? (await makers.organization(portico)),
    organizationToken: kept.organizationToken ?? (await makers.organizationToken(portico)),
    backend: kept.backend ?? (await makers.backend(portico)),
    logins: {
      patient: await login(portico, 'patient', logins?.patient),
      clinician: await login(portico, 'clinician', logins?.clinician),
      manager: await login(portico, 'manager', logins?.manager),
    },
    ...(pulsara && { pulsara }),
    ...(ehr && { ehr }),
  };
  writeFileSync(file, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  return credentials;
}

async function whileAlive<T extends object>({ own, now }: Portico, id: string | undefined, part: T) {
  return id !== undefined && (await liveCredential(own, id, now())) ? part : {};
}
