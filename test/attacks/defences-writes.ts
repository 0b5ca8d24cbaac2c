import { attacks, type Defence } from './defences-access.js';

const subscriptions = attacks('subscriptions');
const binary = 'test/rest/binary-write.test.ts';
const exhaustion = attacks('exhaustion');
const long = attacks('long-answers');

/** What keeps a write, and what follows from it, from reaching further or costing more than it may. */
export const writes: readonly Defence[] = [
  {
    what: 'a document waits for no bytes of others',
    file: 'src/store/blobs.ts',
    text: 'return sees ? { ...(await claim.plan(db, values, 1)), refusal: borrowed() } : claim.plan(db, values);',
    without: 'return claim.plan(db, values);',
    spec: binary,
  },
  {
    what: 'bytes that no patient has are not taken by one',
    file: 'src/store/blobs.ts',
    text: 'if (stored && claimed !== null && before !== patient && !takesAlong) throw borrowed();',
    without: 'if (stored && before !== undefined && before !== patient && !takesAlong) throw borrowed();',
    spec: binary,
  },
  {
    what: 'who sees a part of the documents attaches what they see',
    file: 'src/store/blobs.ts',
    text: 'if (stored && claimed !== null && sees && !(await sees())) throw borrowed();',
    without: '',
    spec: binary,
  },
  {
    what: 'kept headers go to no other endpoint',
    file: 'src/subscriptions/accept.ts',
    text: '.channel.endpoint !== endpoint)',
    without: ".channel.endpoint === '')",
    spec: subscriptions,
  },
  {
    what: 'an organization has so many subscriptions',
    file: 'src/subscriptions/accept.ts',
    text: '(await countStates(own, access.tenant)) >= MOST_OF_ORGANIZATION',
    without: '(await countStates(own, access.tenant)) >= MOST_OF_ORGANIZATION * 9',
    spec: subscriptions,
  },
  {
    what: 'an entity replaces no number of another',
    file: 'src/channel/to-fhir.ts',
    text: ' && isTheirs(each),',
    without: ' && isTheirs !== undefined,',
    spec: 'test/api/adding.test.ts',
  },
  {
    what: 'a patch copies no more than could be sent',
    file: 'src/rest/json-patch.ts',
    text: "if (operation.op === 'copy') copied +=",
    without: "if (operation.op === 'copy' && copied < 0) copied +=",
    spec: exhaustion,
  },
  {
    what: 'what a patch makes is no larger than what could be sent',
    file: 'src/rest/patch.ts',
    text: 'checkSize(resource, sent.resource);',
    without: '',
    spec: exhaustion,
  },
  {
    what: 'criteria of a patch call what looks at each value once',
    file: 'src/rest/fhirpath-places.ts',
    text: 'return asked.has(atom.name) ? atom.args : undefined;',
    without: 'return atom.args;',
    spec: exhaustion,
  },
  {
    what: 'criteria of a patch look at so many values',
    file: 'src/rest/fhirpath-places.ts',
    text: 'if (this.#left < 0)',
    without: 'if (this.#left < -1e12)',
    spec: exhaustion,
  },
  {
    what: 'a transaction asks so many conditional references',
    file: 'src/rest/transaction.ts',
    text: 'if (asked > MAX_CONDITIONAL)',
    without: 'if (asked > MAX_CONDITIONAL * 9)',
    spec: exhaustion,
  },
  {
    what: 'no NUL becomes part of a search',
    file: 'src/search/parse.ts',
    text: "value.includes('\\0')",
    without: "value === '\\0\\0'",
    spec: exhaustion,
  },
  {
    what: 'the answers of one Bundle have so much room',
    file: 'src/rest/bundle-answers.ts',
    text: 'if (this.#left > 0) return;',
    without: 'if (this.#left > -1e12) return;',
    spec: exhaustion,
  },
  {
    what: 'a page of a history ends',
    file: 'src/rest/history.ts',
    text: 'shown.length === count || left < 0',
    without: 'shown.length === count',
    spec: long,
  },
  {
    what: 'so many references are looked at',
    file: 'src/store/fetch.ts',
    text: 'export const MOST_REFERENCES = 20_000;',
    without: 'export const MOST_REFERENCES = 20_000_000;',
    spec: long,
  },
  {
    what: 'long answers of a batch come one after the other',
    file: 'src/rest/batch.ts',
    text: 'findIndex(({ isLong }) => isLong)',
    without: 'findIndex(() => false)',
    spec: long,
  },
  {
    what: '$validate says of hidden bytes what it says of none',
    file: 'src/rest/operations/validate.ts',
    text: 'unmet.filter(({ status }) => refused.has(status))',
    without: 'unmet.filter(() => false)',
    spec: 'test/rest/operation-validate.test.ts',
  },
  {
    what: 'a login leads back to a page of ours',
    file: 'src/portal/server.tsx',
    text: 'if (origin !== HERE || !found) return undefined;',
    without: 'if (!found) return { to: text, who: "user" };',
    spec: 'test/portal/login.test.ts',
  },
  {
    what: 'an organization has its share of the places of a queue',
    file: 'src/jobs/worker.ts',
    text: 'count >= share)',
    without: 'count >= share * 99)',
    spec: 'test/jobs/jobs.test.ts',
  },
  {
    what: 'an admin makes no link into an account with more rights',
    file: 'src/portal/admin/patients.tsx',
    text: "if (isStaff(user)) throw new OutcomeError(403, 'insufficient-scope', STAFF);",
    without: 'void user;',
    spec: 'test/portal/admin.test.ts',
  },
  {
    what: 'a link of before opens no account that has more rights since',
    file: 'src/auth/enrolment.ts',
    text: "account?.roles.every((role) => role === 'patient') ? account : undefined",
    without: 'account',
    spec: 'test/portal/admin.test.ts',
  },
  {
    what: 'what a page refuses is in the trail',
    file: 'src/portal/server.tsx',
    text: 'if (user && error instanceof OutcomeError) {',
    without: 'if (user && error === undefined) {',
    spec: 'test/audit/refused.test.ts',
  },
];
